//go:build !(planted_split_commit || planted_ledger_outside || planted_event_after_commit || planted_key_outside || planted_ack_early || planted_audit_outside || planted_chain_forgets || planted_replay_early || planted_source_guard || planted_lock_order || planted_unknown_commit || planted_sync_off || planted_sync_normal || planted_checksum || planted_tally_lost || planted_event_at_target || planted_range_end || planted_limit_501 || planted_first_source || planted_target_role || planted_one_way_border || planted_first_reason || planted_detach_forgets || planted_not_suspended || planted_version_kept || planted_dry_run_writes || planted_match_ignored || planted_replay_before_rights || planted_key_global || planted_other_request || planted_foreign_seen || planted_suspended_user || planted_mail_outside || planted_mail_once || planted_mail_renamed)

package planted

const bug = ""
