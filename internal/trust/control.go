package trust

import "context"

// Until tries a control until it fails, as it must, at most so many times. What is left to
// chance in one try is given so many that a miss of all of them is rarer than one in a
// million. Each try has a seed of its own.
func Until(ctx context.Context, what string, most int, seed uint64, try func(ctx context.Context, seed uint64) (saw string, failed bool, err error)) (Control, error) {
	c := Control{What: what}
	for n := range most {
		saw, failed, err := try(ctx, seed+uint64(n))
		c.Failed, c.Saw = failed, Clip(saw)
		if failed {
			return c, ctx.Err() // what is broken on purpose may keep the harness from going on
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// Complains is a try of Until for a harness that returns a Result.
func Complains(run func(ctx context.Context, seed uint64) (Result, error)) func(context.Context, uint64) (string, bool, error) {
	return func(ctx context.Context, seed uint64) (string, bool, error) {
		res, err := run(ctx, seed)
		if res.Failures == 0 {
			return "", false, err
		}
		return res.First[0], true, err
	}
}
