package storetest

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/store"
)

var secondFactorCases = []testCase{
	{"Factors", secondFactors},
	{"PendingSignIns", pendingSignIns},
	{"TrustedDevices", trustedDevices},
}

func secondFactors(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if _, found, err := tx.SecondFactor(ctx, Admin); found || err != nil {
			e.Errorf("there is one: %v", err)
		}
		first, err := tx.InsertSecondFactor(ctx, Admin, []byte{1})
		if err != nil {
			return err
		}
		second, err := tx.InsertSecondFactor(ctx, Admin, []byte{0, 2})
		f, _, _ := tx.SecondFactor(ctx, Admin)
		if second == first {
			e.Error("an id is given twice")
		}
		e.equal("factor", f, store.SecondFactor{ID: second, User: Admin, Secret: []byte{0, 2}, Created: start})
		return err
	})
	var f store.SecondFactor
	use := func(step int64, want bool) {
		e.Helper()
		e.update(func(ctx context.Context, tx *store.Tx) (err error) {
			if f, _, err = tx.SecondFactor(ctx, Admin); err != nil {
				return err
			}
			ok, err := tx.UseCode(ctx, f.ID, step)
			if ok != want {
				e.Errorf("a code of step %d counts: %v", step, ok)
			}
			f, _, _ = tx.SecondFactor(ctx, Admin)
			return err
		})
	}
	use(100, true)
	if !f.Active || f.LastStep != 100 {
		e.Errorf("after the first code: %+v", f)
	}
	use(100, false)
	use(99, false)
	use(101, true)
	if err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.InsertSecondFactor(ctx, Admin, []byte{3})
		return err
	}); err == nil {
		e.Error("a second one beside an active one")
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for user, want := range map[int64]bool{f.ID: true, f.ID + 100: false} {
			found, err := tx.DeleteSecondFactor(ctx, Admin, user)
			if found != want || err != nil {
				e.Errorf("deleted %v, %v", found, err)
			}
		}
		_, found, err := tx.SecondFactor(ctx, Admin)
		if found {
			e.Error("it is there still")
		}
		return err
	})
}

func pendingSignIns(e *env) {
	e.fleet()
	want := store.PendingSignIn{Hash: []byte{0, 1}, User: Admin, Epoch: 3, Expires: start.Add(time.Minute)}
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertPendingSignIn(ctx, want) })
	look := func(there bool) {
		e.Helper()
		e.view(func(ctx context.Context, tx *store.Tx) error {
			got, found, err := tx.PendingSignIn(ctx, want.Hash)
			if found != there {
				e.Errorf("found: %v", found)
			}
			if there {
				e.equal("pending sign-in", got, want)
			}
			return err
		})
	}
	look(true)
	e.clock.advance(time.Minute)
	look(false)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Sweep(ctx, time.Hour); err != nil {
			return err
		}
		found, err := tx.DeletePendingSignIn(ctx, want.Hash)
		if found {
			e.Error("an expired one was not swept")
		}
		return err
	})
}

func trustedDevices(e *env) {
	e.fleet()
	d := store.TrustedDevice{User: Admin, Fingerprint: []byte{1}, Name: "ü", OperatingSystem: "Linux", Browser: "Firefox", Expires: start.Add(time.Hour)}
	other := d
	other.User, other.Name = Observer, ""
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for _, one := range []store.TrustedDevice{d, other, d} { // again: the trust is renewed
			if err := tx.TrustDevice(ctx, one); err != nil {
				return err
			}
		}
		return nil
	})
	var id int64
	list := func(want int) {
		e.Helper()
		e.view(func(ctx context.Context, tx *store.Tx) error {
			all, err := tx.TrustedDevices(ctx, Admin)
			if len(all) != want {
				e.Fatalf("%+v, want %d", all, want)
			}
			got, found, failed := tx.TrustedDeviceOf(ctx, "admin@example.com", []byte{1})
			if found != (want > 0) || failed != nil {
				e.Errorf("by its fingerprint: %v, %v", found, failed)
			}
			if want > 0 {
				d.ID, d.Created, id = got.ID, start, got.ID
				e.equal("device", got, d)
				e.equal("device in the list", all[0], d)
			}
			for name, print := range map[string][]byte{"admin@example.com": {2}, "nobody@example.com": {1}} {
				if _, found, _ := tx.TrustedDeviceOf(ctx, name, print); found {
					e.Errorf("%s is at home on %v", name, print)
				}
			}
			return err
		})
	}
	list(1)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		found, err := tx.DeleteTrustedDevice(ctx, Observer, id)
		if found {
			e.Error("another's device was deleted")
		}
		return err
	})
	e.clock.advance(time.Hour)
	list(0)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Sweep(ctx, time.Hour); err != nil {
			return err
		}
		found, err := tx.DeleteTrustedDevice(ctx, Admin, id)
		if found {
			e.Error("an expired one was not swept")
		}
		return err
	})
}
