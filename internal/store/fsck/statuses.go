package fsck

import (
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// Statuses, types and kinds as SQL text.
var (
	activatedSIM      = number(fleet.SIMActivated)
	suspendedSIM      = number(fleet.SIMSuspended)
	deletedSIM        = number(fleet.SIMDeleted)
	deletedDevice     = number(fleet.DeviceDeleted)
	migrationEntry    = number(fleet.LedgerMigration)
	migrationEvent    = number(fleet.EventMigration)
	registrationEvent = number(fleet.EventSIMRegistered)
	doneVerdict       = number(fleet.VerdictDone)
	sourceSide        = "0" // of a migration or a job
	offerAuthority    = number(fleet.AuthorityOffer)
	offeredSIM        = number(fleet.SIMOffered)
	acceptedSIM       = number(fleet.SIMOfferAccepted)
	refusedSIM        = number(fleet.SIMOfferRefused)
	goneSIM           = number(fleet.SIMOfferGone)

	// lineEvents are the types of events that lines of the ledger have.
	lineEvents = strings.Join([]string{
		number(fleet.EventSIMActivated), number(fleet.EventSIMSuspended), number(fleet.EventSIMDeleted),
		number(fleet.EventSIMFactoryTest), number(fleet.EventSIMReleased), number(fleet.EventSIMAssigned),
	}, ", ")
)

func number[T ~int8 | ~int16](v T) string { return fmt.Sprint(int(v)) }
