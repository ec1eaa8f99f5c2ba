package fsck

// undoFaults finds undos that do not mirror the migration that they reverse: each line must begin
// with the state after a line of that migration and end with the state before it, and no SIM may
// return twice.
var undoFaults = `
	SELECT id, 'it says what an undo restores, and undoes nothing' AS what FROM ledger
	WHERE undoes IS NULL AND (restore_status IS NOT NULL OR restore_devices IS NOT NULL)
	UNION ALL
	SELECT id, 'it undoes entry ' || undoes || ' and does not say what it restores' FROM ledger
	WHERE undoes IS NOT NULL AND (restore_status IS NULL OR restore_devices IS NULL OR kind <> ` + migrationEntry + `)
	UNION ALL
	SELECT u.id, 'SIM ' || l.sim_id || ' does not go back to where entry ' || u.undoes || ' took it from'
	FROM ledger u JOIN ledger_lines l ON l.ledger_id = u.id
		LEFT JOIN ledger_lines o ON o.ledger_id = u.undoes AND o.sim_id = l.sim_id
	WHERE u.undoes IS NOT NULL AND (o.sim_id IS NULL OR o.version >= l.version
		OR l.workspace_before <> o.workspace_after OR l.workspace_after <> o.workspace_before
		OR u.restore_status = 1 AND (l.status_before <> o.status_after OR l.status_after <> o.status_before)
		OR u.restore_status = 0 AND l.status_after <> CASE l.status_before WHEN ` + activatedSIM + ` THEN ` + suspendedSIM + ` ELSE l.status_before END
		OR l.device_after IS DISTINCT FROM CASE u.restore_devices WHEN 1 THEN o.device_before END)
	UNION ALL
	SELECT max(u.id), 'SIM ' || l.sim_id || ' went back ' || count(*) || ' times from entry ' || u.undoes
	FROM ledger u JOIN ledger_lines l ON l.ledger_id = u.id WHERE u.undoes IS NOT NULL GROUP BY u.undoes, l.sim_id HAVING count(*) > 1
	ORDER BY 1`
