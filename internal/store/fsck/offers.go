package fsck

// offersInvariant checks the offers.
const offersInvariant = "I20"

const openOffer = "o.state IN ('pending', 'accepting')"

// offerQuestions compare offers with the marks of SIMs, the ledger, and the counts of receiving
// codes.
var offerQuestions = []question{
	{
		"offer_marks", offersInvariant, "the SIMs of open offers are marked, and no others", "SIMs of offers", "offer_sims", "SIM",
		`SELECT s.id, 'it is marked for offer ' || s.offer_id || ', which is not open, or does not offer it'
		FROM sims s LEFT JOIN offers o ON o.id = s.offer_id LEFT JOIN offer_sims n ON n.offer_id = s.offer_id AND n.sim_id = s.id
		WHERE s.offer_id IS NOT NULL AND (o.id IS NULL OR NOT ` + openOffer + ` OR n.state IS DISTINCT FROM ` + offeredSIM + `
			OR s.workspace_id <> o.source_id OR s.status = ` + deletedSIM + `)
		UNION ALL SELECT n.sim_id, CASE WHEN o.id IS NULL THEN 'there is no offer ' || n.offer_id || ', which has it'
			ELSE 'offer ' || n.offer_id || ' offers it, and it is not marked' END
		FROM offer_sims n LEFT JOIN offers o ON o.id = n.offer_id LEFT JOIN sims s ON s.id = n.sim_id
		WHERE o.id IS NULL OR s.id IS NULL OR n.state = ` + offeredSIM + ` AND (NOT ` + openOffer + ` OR s.status <> ` + deletedSIM + ` AND s.offer_id IS DISTINCT FROM n.offer_id)
		ORDER BY 1`,
	},
	{
		"offer_counts", offersInvariant, "the counts of an offer are those of its SIMs", "offers", "offers", "offer",
		`SELECT o.id, 'it has ' || COALESCE(n.sims, 0) || ' SIMs, and counts ' || o.sims
		FROM offers o LEFT JOIN (
			SELECT offer_id, count(*) AS sims, SUM(CASE WHEN state = ` + acceptedSIM + ` THEN 1 ELSE 0 END) AS accepted,
				SUM(CASE WHEN state = ` + refusedSIM + ` THEN 1 ELSE 0 END) AS refused, SUM(CASE WHEN state = ` + goneSIM + ` THEN 1 ELSE 0 END) AS gone
			FROM offer_sims GROUP BY offer_id
		) n ON n.offer_id = o.id
		WHERE n.sims IS DISTINCT FROM o.sims OR n.accepted <> o.accepted OR n.refused <> o.refused OR n.gone <> o.gone
		ORDER BY 1`,
	},
	{
		"offer_lines", offersInvariant, "each accepted SIM has its line in the ledger, from the giver to the receiver", "SIMs of offers", "offer_sims", "offer",
		`SELECT o.id, 'SIM ' || n.sim_id || ' was accepted, and did not move to the receiver'
		FROM offers o JOIN offer_sims n ON n.offer_id = o.id LEFT JOIN job_sims j ON j.job_id = o.job_id AND j.sim_id = n.sim_id AND j.pos = n.sim_id
			LEFT JOIN ledger_lines l ON l.sim_id = n.sim_id AND l.ledger_id = COALESCE(o.ledger_id, j.entry)
		WHERE n.state = ` + acceptedSIM + ` AND (l.workspace_before IS DISTINCT FROM o.source_id OR l.workspace_after IS DISTINCT FROM o.target_id)
		UNION ALL SELECT o.id, 'its receiving code is of Workspace ' || c.workspace_id || ', and its target is ' || o.target_id
		FROM offers o JOIN receiving_codes c ON c.id = o.code_id WHERE c.workspace_id <> o.target_id
		UNION ALL SELECT o.id, 'entry ' || o.ledger_id || ' moved ' || COALESCE(m.sims, 0) || ' SIMs, and ' || o.accepted || ' were accepted'
		FROM offers o LEFT JOIN ledger m ON m.id = o.ledger_id WHERE o.ledger_id IS NOT NULL AND m.sims IS DISTINCT FROM o.accepted
		ORDER BY 1`,
	},
	{
		"code_counts", offersInvariant, "the counts of a receiving code are those of its offers", "receiving codes", "receiving_codes", "receiving code",
		`SELECT id, 'it was used for ' || SUM(made) || ' offers of ' || SUM(offered) || ' SIMs, and counts ' || SUM(offers) || ' of ' || SUM(sims)
		FROM (
			SELECT id, offers, sims, 0 AS made, 0 AS offered, 1 AS known FROM receiving_codes
			UNION ALL SELECT code_id, 0, 0, 1, sims, 0 FROM offers WHERE code_id <> 0
		) u GROUP BY id HAVING SUM(offers) <> SUM(made) OR SUM(sims) <> SUM(offered) OR SUM(known) <> 1 ORDER BY 1`,
	},
	{
		"inquiries", offersInvariant, "an inquiry has the SIMs that were asked for, and its offer is one to the Workspace that asked", "SIMs of inquiries", "inquiry_sims", "request",
		`SELECT q.request_id, 'Workspace ' || q.workspace_id || ' has ' || COALESCE(n.sims, 0) || ' SIMs of it, and counts ' || q.sims
		FROM inquiries q LEFT JOIN (SELECT request_id, workspace_id, count(*) AS sims FROM inquiry_sims GROUP BY request_id, workspace_id) n
			ON n.request_id = q.request_id AND n.workspace_id = q.workspace_id WHERE n.sims IS DISTINCT FROM q.sims
		UNION ALL SELECT n.request_id, 'SIM ' || n.sim_id || ' was not asked for, or Workspace ' || n.workspace_id || ' has no inquiry'
		FROM inquiry_sims n LEFT JOIN inquiries q ON q.workspace_id = n.workspace_id AND q.request_id = n.request_id LEFT JOIN sims s ON s.id = n.sim_id
			LEFT JOIN sim_request_iccids i ON i.request_id = n.request_id AND i.iccid = s.iccid WHERE q.request_id IS NULL OR i.request_id IS NULL
		UNION ALL SELECT q.request_id, 'Workspace ' || q.workspace_id || ' has an inquiry that is ' || q.state || ', which does not fit its request or its offer'
		FROM inquiries q LEFT JOIN sim_requests r ON r.id = q.request_id LEFT JOIN offers o ON o.id = q.offer_id
		WHERE r.id IS NULL OR r.workspace_id = q.workspace_id OR q.state NOT IN ('open', 'declined', 'offered') OR (q.state = 'offered') <> (q.offer_id IS NOT NULL)
			OR (q.state = 'open') <> (q.decided_at IS NULL)
			OR q.offer_id IS NOT NULL AND (o.source_id IS DISTINCT FROM q.workspace_id OR o.target_id IS DISTINCT FROM r.workspace_id OR o.code_id IS DISTINCT FROM 0)
		ORDER BY 1`,
	},
	{
		"sim_requests", offersInvariant, "a request has the ICCIDs that were asked for, and the offers that were made for it", "ICCIDs of requests", "sim_request_iccids", "request",
		`SELECT r.id, 'it has ' || COALESCE(n.iccids, 0) || ' ICCIDs and ' || COALESCE(n.offered, 0) || ' of them in offers; it is ' || r.state || ' and counts ' || r.iccids
		FROM sim_requests r LEFT JOIN (SELECT request_id, count(*) AS iccids, count(offer_id) AS offered FROM sim_request_iccids GROUP BY request_id) n
			ON n.request_id = r.id
		WHERE n.iccids IS DISTINCT FROM r.iccids OR r.state NOT IN ('open', 'answered', 'withdrawn') OR r.state = 'open' AND n.offered > 0
			OR r.state = 'answered' AND n.offered = 0 OR (r.state = 'withdrawn') <> (r.ended_at IS NOT NULL)
		UNION ALL SELECT i.request_id, 'offer ' || i.offer_id || ' does not have ' || i.iccid || ', or no inquiry became it'
		FROM sim_request_iccids i WHERE i.offer_id IS NOT NULL AND (NOT EXISTS (SELECT 1 FROM inquiries q WHERE q.request_id = i.request_id AND q.offer_id = i.offer_id)
			OR NOT EXISTS (SELECT 1 FROM offer_sims n JOIN sims s ON s.id = n.sim_id WHERE n.offer_id = i.offer_id AND s.iccid = i.iccid))
		UNION ALL SELECT q.request_id, 'offer ' || q.offer_id || ' has SIM ' || n.sim_id || ', and its ICCID is not answered'
		FROM inquiries q JOIN offer_sims n ON n.offer_id = q.offer_id JOIN sims s ON s.id = n.sim_id
			LEFT JOIN sim_request_iccids i ON i.request_id = q.request_id AND i.iccid = s.iccid WHERE i.offer_id IS DISTINCT FROM q.offer_id
		UNION ALL SELECT i.request_id, 'there is no request with the ICCID ' || i.iccid
		FROM sim_request_iccids i LEFT JOIN sim_requests r ON r.id = i.request_id WHERE r.id IS NULL
		UNION ALL SELECT o.id, 'offer ' || o.id || ' has no receiving code and ' || count(q.offer_id) || ' inquiries'
		FROM offers o LEFT JOIN inquiries q ON q.offer_id = o.id WHERE o.code_id = 0 GROUP BY o.id HAVING count(q.offer_id) <> 1
		ORDER BY 1`,
	},
}
