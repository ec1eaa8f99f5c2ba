package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
)

func auditCommands(p Process) *cobra.Command {
	return group("audit", "Export the audit log, and verify that it is unchanged", auditExport(p), auditVerify(p))
}

func auditExport(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "export [FILE]",
		Short: "Export the audit log of all Workspaces to a file, or to standard output",
		Long: `Export the audit log of all Workspaces and of the installation to a file or to standard output.
The export is one snapshot of the database, sorted by id, as CSV or as one JSON object per line.
An existing file is replaced when everything is written.`,
		Example: `  simferry audit export --from 2026-11-01 --to 2026-12-01 november.csv
  simferry audit export --output json | gzip > audit.jsonl.gz`,
		Args: atMostOneFile,
	})
	var from, to time.Time
	form := "csv"
	cmd.Flags().Var((*day)(&from), "from", "only entries from then on: a day, or a time in the form of RFC 3339")
	cmd.Flags().Var((*day)(&to), "to", "only entries before then")
	cmd.Flags().StringVarP(&form, "output", "o", form, "format of the export: csv or json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		open, known := auditWriters[form]
		if !known {
			return usagef("--output: %q must be csv or json", form)
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			return exportTo(p, args, func(w io.Writer) error {
				return writeList(w, newProgress(p, "exporting entries"), open, func(begin func(int) error, give func(control.AuditRecord) error) error {
					return in.Operator.ExportAudit(ctx, from, to, begin, give)
				})
			})
		})
	}
	return cmd
}

func auditVerify(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "verify",
		Short: "Verify the chain of the audit log",
		Long: `Verify the chain of the audit log from its first link to its last, and print the last as HASH@SEQ.
Keep that value somewhere else: with --head, the command finds out whether the log was rewritten or
truncated since. The exit code is 0 if everything is intact; otherwise it is 1, and the output
names the first broken entries.`,
		Example: `  simferry audit verify
  simferry audit verify --head 8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4@1042`,
		Args: positional(),
	})
	head := cmd.Flags().String("head", "", "a link printed earlier, as HASH@SEQ")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		noted, err := parseHead(*head)
		if err != nil {
			return err
		}
		cfg, err := load(cmd, p)
		if err != nil {
			return err
		}
		r, err := operator.VerifyAudit(cmd.Context(), string(cfg.Database), noted)
		if err != nil {
			return err
		}
		var b strings.Builder
		writeCheck(&b, r.Check)
		fmt.Fprintln(&b, headText(r.Head))
		if _, err := io.WriteString(p.Stdout, b.String()); err != nil {
			return err
		}
		if !r.OK() {
			return errors.New("the audit log was changed: see the entries above")
		}
		return nil
	}
	return cmd
}

// headText returns a link as it is noted.
func headText(h operator.AuditHead) string {
	return hex.EncodeToString(h.Hash) + "@" + strconv.FormatInt(h.Seq, 10)
}

func parseHead(text string) (operator.AuditHead, error) {
	if text == "" {
		return operator.AuditHead{}, nil
	}
	hash, seq, _ := strings.Cut(text, "@")
	sum, err := hex.DecodeString(hash)
	n, bad := strconv.ParseInt(seq, 10, 64)
	if err != nil || bad != nil || len(sum) != 32 || n < 1 {
		return operator.AuditHead{}, usagef("--head: %q must be HASH@SEQ, as 'simferry audit verify' prints it", text)
	}
	return operator.AuditHead{Seq: n, Hash: sum}, nil
}
