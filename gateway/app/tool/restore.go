package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/sqlite"
)

// restoreOrder is what is put back, and how.
type restoreOrder struct {
	config       *config.County
	from         string
	by           state.Actor
	force        bool // files of a county are there: keep them aside
	keepReadings bool // readings.db is whole: leave it
	now          func() time.Time
}

func restoreCommand() *cobra.Command {
	var file, from, actor string
	o := restoreOrder{now: time.Now}
	cmd := &cobra.Command{
		Use:   "restore --config FILE --from FOLDER",
		Short: "Put a backup back as the county's state",
		Long: "Checks a backup's files against its manifest and its audit from the first row to the last, puts it\n" +
			"in place, and gives the store a new generation, so that every gateway sends again what it keeps\n" +
			"(30 days by default). The collector must be stopped. Files that are there are kept aside; keys that\n" +
			"were rotated since the backup stay.",
		Example: "  systemctl stop coldchain-collector\n" +
			"  coldchain restore --config /etc/coldchain/county.yaml --from /mnt/backup/2026-11-23 --force\n" +
			"  systemctl start coldchain-collector",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.config, err = config.LoadCounty(file); err != nil {
				return err
			}
			if o.by, err = personAt(actor); err != nil {
				return err
			}
			o.from = from
			return restore(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the collector's configuration file")
	cmd.Flags().StringVar(&from, "from", "", "folder of the backup")
	cmd.Flags().StringVar(&actor, "actor", "", "who does this, for the audit (default: the name you are logged in under)")
	cmd.Flags().BoolVar(&o.force, "force", false, "a county's files are there: keep them aside and put the backup in their place")
	cmd.Flags().BoolVar(&o.keepReadings, "keep-readings", false, "readings.db is whole: leave it and restore county.db alone")
	_ = cmd.MarkFlagRequired("config") // exist: defined above
	_ = cmd.MarkFlagRequired("from")
	return cmd
}

// restore puts a backup in place. Until everything is checked nothing of the
// county's own is touched.
func restore(ctx context.Context, o restoreOrder, say io.Writer) error {
	m, err := readManifest(o.from)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	names, err := o.files(m)
	if err != nil {
		return err
	}
	beside, err := m.folderFiles()
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if err := os.MkdirAll(o.config.Data, 0o750); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	free, err := o.standStill(ctx)
	if err != nil {
		return err
	}
	defer free()
	if err := o.mayReplace(names); err != nil {
		return err
	}
	stage := filepath.Join(o.config.Data, "restoring")
	if err := o.prepare(ctx, m, names, beside, stage); err != nil {
		return errors.Join(err, os.RemoveAll(stage))
	}
	aside := filepath.Join(o.config.Data, "before-restore-"+o.now().UTC().Format("20060102T150405Z"))
	if err := putFolders(beside, stage, o.config.Data, aside); err != nil {
		return errors.Join(fmt.Errorf("put evidence, papers and keys in place (run the same command again): %w", err), os.RemoveAll(stage))
	}
	kept, err := replaceAll(names, stage, o.config.Data, aside)
	if kept {
		fmt.Fprintf(say, "what was there is kept in %s\n", aside)
	}
	if err != nil {
		return fmt.Errorf("put the backup in place (run the same command again): %w", err)
	}
	fmt.Fprintf(say, "restored %s as of %s, audit up to row %d; the gateways will send again what they keep\n",
		m.County, m.Made.Local().Format("2006-01-02 15:04:05"), m.Audit.Seq)
	return nil
}

// files checks that the backup is this county's and returns what is put back,
// the readings first: readings of a new generation under the old state are
// asked for again, the other way round they would not be.
func (o restoreOrder) files(m manifest) ([]string, error) {
	if m.County != o.config.County {
		return nil, fmt.Errorf("--from: the backup is of county %q, the configuration of %q", m.County, o.config.County)
	}
	if kind := storeKind(o.config); m.Store != kind {
		return nil, fmt.Errorf("--from: the backup is of a county with the store %s, the configuration names %s", m.Store, kind)
	}
	names := []string{countyFile}
	if m.Store == embeddedStore && !o.keepReadings {
		names = []string{readingsFile, countyFile}
	}
	for _, name := range names {
		if _, ok := m.file(name); !ok {
			return nil, fmt.Errorf("--from: the manifest lists no %s", name)
		}
	}
	return names, nil
}

// standStill makes sure that no collector works on these files, and takes its
// address so that none starts meanwhile.
func (o restoreOrder) standStill(ctx context.Context) (free func(), err error) {
	l, err := net.Listen("tcp", o.config.Web.Listen)
	if err != nil {
		return nil, fmt.Errorf("the collector seems to be running, its address %s is taken: stop it first (%w)", o.config.Web.Listen, err)
	}
	free = func() { _ = l.Close() } // nobody was let in
	for _, name := range []string{countyFile, readingsFile} {
		path := filepath.Join(o.config.Data, name)
		used, err := state.InUse(ctx, path)
		if err == nil && used {
			err = fmt.Errorf("another program has %s open: stop the collector first", path)
		}
		if err != nil {
			free()
			return nil, err
		}
	}
	return free, nil
}

func (o restoreOrder) mayReplace(names []string) error {
	for _, name := range names {
		path := filepath.Join(o.config.Data, name)
		_, err := os.Lstat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return err
		case !o.force:
			return fmt.Errorf("%s is there: say --force to keep it aside and put the backup in its place", path)
		}
	}
	return nil
}

// prepare makes the files as they shall be, beside those that are there.
func (o restoreOrder) prepare(ctx context.Context, m manifest, names []string, beside []backupFile, stage string) error {
	if err := os.RemoveAll(stage); err != nil { // of a restore that was broken off
		return err
	}
	if err := os.Mkdir(stage, 0o700); err != nil {
		return err
	}
	for _, name := range names {
		f, _ := m.file(name) // there: files has looked
		if err := f.fetch(ctx, o.from, stage); err != nil {
			return err
		}
	}
	for _, f := range beside {
		if err := os.MkdirAll(filepath.Join(stage, filepath.Dir(f.Name)), 0o700); err != nil {
			return err
		}
		if err := f.fetch(ctx, o.from, stage); err != nil {
			return err
		}
	}
	head, err := state.Verify(ctx, filepath.Join(stage, countyFile))
	if err != nil {
		return err
	}
	if head.Seq != m.Audit.Seq || hexBytes(head.Hash).String() != m.Audit.Hash.String() {
		return fmt.Errorf("the audit ends at row %d, %x; the manifest says %d, %x", head.Seq, head.Hash, m.Audit.Seq, []byte(m.Audit.Hash))
	}
	generation, err := o.renew(ctx, stage)
	if err != nil {
		return err
	}
	return o.sign(ctx, m, filepath.Join(stage, countyFile), generation)
}

// sign writes into the new state who restored it.
func (o restoreOrder) sign(ctx context.Context, m manifest, path, generation string) error {
	db, err := state.Open(ctx, path, o.now)
	if err != nil {
		return err
	}
	err = db.VerifyAuditAgainst(ctx, m.head())
	if err == nil {
		err = db.NoteRestore(ctx, o.by, state.Backup{At: m.Made, Where: o.from, Head: m.head()}, generation)
	}
	return errors.Join(err, db.Close())
}

// renew gives the store a new generation.
func (o restoreOrder) renew(ctx context.Context, stage string) (generation string, err error) {
	s, err := o.store(ctx, stage)
	if err != nil {
		return "", err
	}
	_, generation, err = s.Renew(ctx)
	return generation, errors.Join(err, s.Close())
}

// renewable is a store whose generation can be changed.
type renewable interface {
	Renew(ctx context.Context) (before, after string, err error)
	Close() error
}

func (o restoreOrder) store(ctx context.Context, stage string) (renewable, error) {
	if storeKind(o.config) == embeddedStore {
		folder := stage
		if o.keepReadings {
			folder = o.config.Data
		}
		return sqlite.Open(ctx, filepath.Join(folder, readingsFile))
	}
	at := o.config.Store.Influx
	var token config.Secret
	if at.TokenFile != "" {
		var err error
		if token, err = config.ReadSecret(at.TokenFile); err != nil {
			return nil, fmt.Errorf("store.influx.token_file: %w", err)
		}
	}
	return influx.New(influx.Options{URL: at.URL, Org: at.Org, Bucket: at.Bucket, Token: token.Reveal(), County: o.config.County, CAFile: at.CAFile, Now: o.now})
}
