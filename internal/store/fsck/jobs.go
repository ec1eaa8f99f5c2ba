package fsck

// jobQuestions compare the verdicts of jobs with the ledger, and what is kept about them with them.
var jobQuestions = []question{
	{
		"job_sims", "I15", "each SIM that a job changed has its line in the ledger, once", "SIMs of jobs", "job_sims", "job",
		`SELECT n.job_id, CASE WHEN j.id IS NULL THEN 'it does not exist, and has SIMs'
			ELSE 'SIM ' || COALESCE(n.sim_id, 0) || ' at ' || n.pos || ' differs from entry ' || COALESCE(n.entry, 0) END
		FROM job_sims n LEFT JOIN jobs j ON j.id = n.job_id LEFT JOIN ledger m ON m.id = n.entry
			LEFT JOIN ledger_lines l ON l.sim_id = n.sim_id AND l.version = n.version + 1
		WHERE j.id IS NULL OR abs(n.pos) <> n.sim_id OR n.sim_id IS NULL AND (n.pos > 0 OR n.given IS NULL) OR CASE WHEN n.verdict = ` + doneVerdict + ` THEN n.entry IS NULL ELSE n.entry IS NOT NULL END
			OR n.verdict = ` + doneVerdict + ` AND (l.ledger_id IS DISTINCT FROM n.entry OR l.workspace_before IS DISTINCT FROM n.source_id
				OR m.undoes IS DISTINCT FROM n.undoes OR n.home_id IS NOT NULL AND l.workspace_after IS DISTINCT FROM n.home_id OR j.target_id IS NOT NULL AND m.target_id IS DISTINCT FROM j.target_id)
		ORDER BY 1`,
	},
	{
		"job_entries", "I15", "each ledger entry of a job moved the SIMs that the job says", "entries", "job_entries", "job",
		`SELECT job_id, 'entry ' || ledger_id || ' is listed ' || sum(listed) || ' times and has ' || sum(moved) || ' SIMs, the job has ' || sum(done)
		FROM (
			SELECT e.job_id, e.ledger_id, 1 AS listed, m.sims AS moved, 0 AS done FROM job_entries e LEFT JOIN ledger m ON m.id = e.ledger_id
			UNION ALL SELECT job_id, entry, 0, 0, count(*) FROM job_sims WHERE entry IS NOT NULL GROUP BY job_id, entry
		) u GROUP BY job_id, ledger_id HAVING sum(listed) <> 1 OR COALESCE(sum(moved), -1) <> sum(done) ORDER BY 1`,
	},
	{
		"job_counts", tallyInvariant, "the counts of a job are those of its SIMs", "counts", "job_counts", "job",
		`SELECT job_id, 'of Workspace ' || workspace_id || CASE home_id WHEN 0 THEN '' ELSE ' that go back to ' || home_id END || ', ' || sum(there) || ' SIMs have the verdict ' || verdict || ', ' || sum(counted) || ' are counted'
		FROM (
			SELECT job_id, COALESCE(source_id, 0) AS workspace_id, COALESCE(home_id, 0) AS home_id, verdict, count(*) AS there, 0 AS counted
				FROM job_sims GROUP BY 1, 2, 3, 4
			UNION ALL SELECT job_id, workspace_id, home_id, verdict, 0, sims FROM job_counts
		) u GROUP BY job_id, workspace_id, home_id, verdict HAVING sum(there) <> sum(counted) ORDER BY 1`,
	},
	{
		"job_effects", tallyInvariant, "the plan of a job counts each of its SIMs", "counts", "job_effects", "job",
		`SELECT job_id, 'of Workspace ' || workspace_id || CASE home_id WHEN 0 THEN '' ELSE ' that go back to ' || home_id END || ' the job has ' || sum(there) || ' SIMs, ' || sum(counted) || ' are counted'
		FROM (
			SELECT job_id, COALESCE(source_id, 0) AS workspace_id, COALESCE(home_id, 0) AS home_id, count(*) AS there, 0 AS counted FROM job_sims GROUP BY 1, 2, 3
			UNION ALL SELECT job_id, workspace_id, home_id, 0, sims FROM job_effects
		) u GROUP BY job_id, workspace_id, home_id HAVING sum(there) <> sum(counted) ORDER BY 1`,
	},
	{
		"job_sides", "I15", "the sides of a job are its targets and its sources", "sides", "job_sides", "job",
		`SELECT job_id, 'Workspace ' || workspace_id || ' is ' || sum(listed) || ' times listed as side ' || side || ', and is it ' || sum(owed) || ' times'
		FROM (
			SELECT job_id, workspace_id, side, 1 AS listed, 0 AS owed FROM job_sides
			UNION ALL SELECT id, target_id, 1, 0, 1 FROM jobs WHERE target_id IS NOT NULL
			UNION ALL SELECT DISTINCT job_id, source_id, 0, 0, 1 FROM job_sims
				WHERE source_id IS NOT NULL AND job_id NOT IN (SELECT o.job_id FROM offers o WHERE o.job_id IS NOT NULL)
			UNION ALL SELECT DISTINCT job_id, home_id, 1, 0, 1 FROM job_sims WHERE home_id IS NOT NULL
		) u GROUP BY job_id, workspace_id, side HAVING sum(listed) <> sum(owed) ORDER BY 1`,
	},
}
