package tool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/config"
	"coldchain/gateway/evidence"
)

func keysCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{Use: "keys", Short: "The county's keys, with which certificates are signed"}
	cmd.PersistentFlags().StringVar(&file, "config", "", "the collector's configuration file")
	_ = cmd.MarkPersistentFlagRequired("config") // exists: defined above
	show := &cobra.Command{
		Use:   "show --config FILE",
		Short: "Print the fingerprints of the county's public keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadCounty(file)
			if err != nil {
				return err
			}
			keys, err := evidence.ReadPublicKeys(filepath.Join(cfg.Data, evidence.KeysFolder))
			if errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("%s has no keys yet: the collector makes them when it starts", cfg.Data)
			}
			if err != nil {
				return err
			}
			return showKeys(cmd, keys)
		},
	}
	rotate := &cobra.Command{
		Use:   "rotate --config FILE",
		Short: "Make a new key, which signs from now on; the old private key is destroyed",
		Long: `Makes a new key, endorsed by the old one, and destroys the old private key. What
the old one signed stays valid: its public key is kept and published. Restart the
collector afterwards. If the old key may have been copied, tell those who trust
it: its endorsement then proves nothing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadCounty(file)
			if err != nil {
				return err
			}
			folder := filepath.Join(cfg.Data, evidence.KeysFolder)
			if _, err := os.Stat(folder); err != nil {
				return fmt.Errorf("there is no key to rotate: %w", err)
			}
			ring, err := evidence.OpenKeyring(folder, cfg.County, time.Now())
			if err != nil {
				return err
			}
			if err := ring.Rotate(time.Now()); err != nil {
				return err
			}
			return showKeys(cmd, ring.Published())
		},
	}
	cmd.AddCommand(show, rotate)
	return cmd
}

func showKeys(cmd *cobra.Command, keys evidence.PublicKeys) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	for _, k := range keys.Keys {
		until := "signs now"
		if k.Until != nil {
			until = "until " + k.Until.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\tfrom %s\t%s\t%s\n", k.Fingerprint, k.From.Format(time.RFC3339), until, k.Key)
	}
	return w.Flush()
}
