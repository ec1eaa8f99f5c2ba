package fleet

import (
	"fmt"
)

// notFound collects everything in the request that the caller cannot see. One error names all
// of it, so that a long list can be fixed in one step.
func notFound(req MigrationRequest, target Standing, found []SIMState, missing []string) error {
	if Authorize(&target) == NoAuthority {
		missing = append([]string{missingWorkspace(req.Target)}, missing...)
	}
	if r := req.Select.Range; r != nil && len(found) == 0 {
		missing = append(missing, fmt.Sprintf("no sim with an iccid from %s to %s found", r.Start, r.End))
	}
	return missingThings(missing)
}

// NotFoundSIMs returns one NotFound error for all descriptions of Resolve, nil for none.
func NotFoundSIMs(missing []string) error { return missingThings(missing) }

// missingThings returns one NotFound error for all of them, nil for none.
func missingThings(missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	err := Errorf(NotFound, "%s", missing[0])
	if len(missing) > 1 {
		err.Message = fmt.Sprintf("%s, and %d more of this request not found: see errors", missing[0], len(missing)-1)
	}
	for _, m := range missing {
		err.Problems = append(err.Problems, Problem{NotFound, m})
	}
	return err
}

func missingWorkspace(id WorkspaceID) string {
	return fmt.Sprintf("workspace with id %d not found", id)
}

func missingSIM(kind string, key any) string {
	return fmt.Sprintf("sim with %s %v not found", kind, key)
}
