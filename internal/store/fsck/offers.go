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
			UNION ALL SELECT code_id, 0, 0, 1, sims, 0 FROM offers
		) u GROUP BY id HAVING SUM(offers) <> SUM(made) OR SUM(sims) <> SUM(offered) OR SUM(known) <> 1 ORDER BY 1`,
	},
}
