package faults

import "context"

// Until repeats a control until it fails, as it must, but at most the given number of times. A
// control that depends on chance gets enough tries that missing all of them is rarer than one in a
// million. Each try has a seed of its own.
func Until(ctx context.Context, what string, most int, seed uint64, try func(ctx context.Context, seed uint64) (saw string, failed bool, err error)) (Control, error) {
	c := Control{What: what}
	for n := range most {
		saw, failed, err := try(ctx, seed+uint64(n))
		c.Failed, c.Observed = failed, Clip(saw)
		if failed {
			return c, ctx.Err() // a program that is broken on purpose may stop the harness
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// FailsWith turns a harness that returns a Result into a try of Until.
func FailsWith(run func(ctx context.Context, seed uint64) (Result, error)) func(context.Context, uint64) (string, bool, error) {
	return func(ctx context.Context, seed uint64) (string, bool, error) {
		res, err := run(ctx, seed)
		if res.Failures == 0 {
			return "", false, err
		}
		return res.First[0], true, err
	}
}
