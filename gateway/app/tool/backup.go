package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/config"
	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	"coldchain/gateway/store/sqlite"
)

// The files of a county.
const (
	countyFile   = "county.db"
	readingsFile = "readings.db"
)

// backupOrder is what a backup is made of and by whom.
type backupOrder struct {
	config  *config.County
	to      string
	by      state.Actor
	version string
	now     func() time.Time
}

func backupCommand(version string) *cobra.Command {
	var file, to, actor string
	cmd := &cobra.Command{
		Use:   "backup --config FILE --to FOLDER",
		Short: "Copy the county's state while the collector runs, and verify the copy",
		Long: "Copies county.db, the evidence of what is frozen, papers and photos, certificates, the county's keys\n" +
			"and, with the embedded store, readings.db into a new folder that its owner alone can read, together with a manifest of checksums and the end of the audit, and verifies what it wrote. The collector goes on.\n" +
			"Readings that lie in InfluxDB are backed up by InfluxDB's own means.",
		Example: "  coldchain backup --config /etc/coldchain/county.yaml --to /mnt/backup/$(date +%F)",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadCounty(file)
			if err != nil {
				return err
			}
			by, err := personAt(actor)
			if err != nil {
				return err
			}
			m, err := backup(cmd.Context(), backupOrder{config: cfg, to: to, by: by, version: version, now: time.Now})
			if m.Format != "" {
				fmt.Fprintln(cmd.OutOrStdout(), m.describe(to))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the collector's configuration file")
	cmd.Flags().StringVar(&to, "to", "", "new folder for the copy")
	cmd.Flags().StringVar(&actor, "actor", "", "who does this, for the audit (default: the name you are logged in under)")
	_ = cmd.MarkFlagRequired("config") // exist: defined above
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

// personAt is who the audit shall name.
func personAt(name string) (state.Actor, error) {
	if name == "" {
		u, err := user.Current()
		if err != nil || u.Username == "" {
			return state.Actor{}, errors.New("say who you are with --actor: this machine does not know")
		}
		name = u.Username
	}
	return state.Actor{Kind: state.Person, ID: name}, nil
}

// backup makes a whole copy or none. A manifest together with an error means
// that the copy is good but the county could not be told of it.
func backup(ctx context.Context, o backupOrder) (manifest, error) {
	if err := newFolder(o.to); err != nil {
		return manifest{}, fmt.Errorf("--to: %w", err)
	}
	at := o.now().UTC().Truncate(time.Millisecond)
	m, err := copyCounty(ctx, o, at)
	if err != nil {
		return manifest{}, errors.Join(err, discard(o.to))
	}
	where, err := filepath.Abs(o.to)
	if err != nil {
		where = o.to
	}
	err = state.NoteBackup(ctx, filepath.Join(o.config.Data, countyFile), o.by, state.Backup{At: at, Where: where, Head: m.head()})
	if err != nil {
		return m, fmt.Errorf("the copy is whole, but the county does not know of it: %w", err)
	}
	if len(m.Lost) > 0 {
		return m, fmt.Errorf("the copy is made without evidence that is lost (look for it in an older backup): %s", strings.Join(m.Lost, "; "))
	}
	return m, nil
}

func copyCounty(ctx context.Context, o backupOrder, at time.Time) (manifest, error) {
	m := manifest{Format: manifestFormat, County: o.config.County, Made: at, Program: o.version, Store: storeKind(o.config)}
	// The state before the readings: whatever it calls stored then lies in them.
	head, err := state.Copy(ctx, filepath.Join(o.config.Data, countyFile), filepath.Join(o.to, countyFile))
	if err != nil {
		return m, err
	}
	m.Audit = auditEnd{head.Seq, head.Hash}
	names := []string{countyFile}
	if m.Store == embeddedStore {
		if err := sqlite.Copy(ctx, filepath.Join(o.config.Data, readingsFile), filepath.Join(o.to, readingsFile)); err != nil {
			return m, err
		}
		names = append(names, readingsFile)
	}
	// Evidence after the state: whatever that calls frozen with a copy then lies
	// in the folder.
	evidence, lost, err := copyEvidence(ctx, filepath.Join(o.to, countyFile), filepath.Join(o.config.Data, retention.Folder), filepath.Join(o.to, retention.Folder))
	if err != nil {
		return m, err
	}
	names, m.Lost = append(names, evidence...), lost
	for _, name := range names {
		f, err := describeFile(o.to, name)
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, f)
	}
	beside, changed, err := copyFolders(ctx, o.config.Data, o.to)
	if err != nil {
		return m, err
	}
	m.Files, m.Lost = append(m.Files, beside...), append(m.Lost, changed...)
	// The manifest last: a folder without one is not a backup.
	return m, m.write(o.to)
}

// newFolder makes a folder that only its owner can read, or takes an empty one.
func newFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	inside, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	if len(inside) > 0 {
		return fmt.Errorf("%s is not empty; name a new folder", path)
	}
	return nil
}

// discard takes an unfinished backup away, and nothing that is not ours.
func discard(folder string) error {
	var errs []error
	for _, name := range append(wholeFolders(), retention.Folder) {
		errs = append(errs, os.RemoveAll(filepath.Join(folder, name)))
	}
	for _, name := range []string{manifestFile, manifestFile + ".new", countyFile, readingsFile} {
		if err := os.Remove(filepath.Join(folder, name)); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
