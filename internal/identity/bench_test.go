package identity_test

import "testing"

func BenchmarkVerifyBearer(b *testing.B) {
	i := issuerOf(b, newKey(b, now))
	raw := sign(b, i, userClaims)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := i.Verify(raw, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignBearer(b *testing.B) {
	i := issuerOf(b, newKey(b, now))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := i.Sign(userClaims, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuseGarbage(b *testing.B) {
	i := issuerOf(b, newKey(b, now))
	raw := string(make([]byte, 1<<20))
	for b.Loop() {
		if _, err := i.Verify(raw, now); err == nil {
			b.Fatal("garbage counts")
		}
	}
}
