package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/access"
	"coldchain/gateway/config"
	"coldchain/gateway/door"
	"coldchain/gateway/state"
)

// users is the county.db of a configuration, for when nobody can sign in.
type users struct {
	config, actor string
}

func userCommand() *cobra.Command {
	u := &users{}
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Let people in when nobody can sign in: make users, give new passwords",
		Long: `Works on the county.db of the collector's machine itself, also while the collector
runs. An admin does the same on the page. Every change is in the audit.`,
	}
	cmd.PersistentFlags().StringVar(&u.config, "config", "", "the collector's configuration file")
	cmd.PersistentFlags().StringVar(&u.actor, "actor", "", "who does this, for the audit (default: the name you are logged in under)")
	_ = cmd.MarkPersistentFlagRequired("config") // exists: defined above
	cmd.AddCommand(u.addCommand(), u.listCommand(), u.passwordCommand(), u.disableCommand("disable", true, "Keep a user out and end his sessions"), u.disableCommand("enable", false, "Let a disabled user in again"))
	return cmd
}

// open opens the county's door; close it afterwards.
func (u *users) open(ctx context.Context) (d *door.Door, db *state.DB, cfg *config.County, who state.Actor, err error) {
	if who, err = personAt(u.actor); err != nil {
		return nil, nil, nil, who, err
	}
	if cfg, err = config.LoadCounty(u.config); err != nil {
		return nil, nil, nil, who, err
	}
	if db, err = state.OpenBeside(ctx, cfg.Data, time.Now); err != nil {
		return nil, nil, nil, who, err
	}
	return door.New(door.Options{State: db, Now: time.Now, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}), db, cfg, who, nil
}

// with does something at the door.
func (u *users) with(ctx context.Context, do func(d *door.Door, cfg *config.County, who state.Actor) error) error {
	d, db, cfg, who, err := u.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(d, cfg, who), db.Close())
}

func (u *users) addCommand() *cobra.Command {
	var name, person, party string
	var roles, sites []string
	cmd := &cobra.Command{
		Use:     "add USER",
		Short:   "Make a user and print his one-time password",
		Example: "  coldchain user add qiqige --name 其其格 --role manager --site balagong --person qiqige --config /etc/coldchain/county.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return u.with(cmd.Context(), func(d *door.Door, cfg *config.County, who state.Actor) error {
				x := state.User{ID: args[0], Name: name, Person: person}
				if x.Name == "" {
					x.Name = args[0]
				}
				var err error
				if x.Grants, err = grantsOf(cfg, roles, sites, party); err != nil {
					return err
				}
				p, err := d.AddBy(cmd.Context(), who, x)
				if err != nil {
					return err
				}
				saySecret(cmd.OutOrStdout(), args[0], p)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the name that others read")
	cmd.Flags().StringVar(&person, "person", "", "id of the roster's person whom the user is")
	cmd.Flags().StringSliceVar(&roles, "role", nil, fmt.Sprintf("one or more of %v", access.Roles()))
	cmd.Flags().StringSliceVar(&sites, "site", nil, "sites where the roles hold (default: the whole county)")
	cmd.Flags().StringVar(&party, "party", "", "of an owner: the name of the party whose batches are his")
	_ = cmd.MarkFlagRequired("role") // exists: defined above
	return cmd
}

// grantsOf are what flags say: each role at the sites, but for those of no sites.
func grantsOf(cfg *config.County, roles, sites []string, party string) (out []access.Grant, err error) {
	known := func(site string) bool {
		for _, s := range cfg.Sites {
			if s.ID == site {
				return true
			}
		}
		return false
	}
	for _, role := range roles {
		g := access.Grant{Role: access.Role(role), Sites: sites}
		switch g.Role {
		case access.Owner:
			g.Sites, g.Party = nil, party
		case access.Admin:
			g.Sites = nil
		}
		if err := g.Check(known); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

func saySecret(w io.Writer, user string, p access.Password) {
	fmt.Fprintf(w, "user %s, one-time password %s (shown this once, to be changed when signed in)\n", user, string(p))
}

func (u *users) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List users and their roles",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return u.with(cmd.Context(), func(d *door.Door, _ *config.County, _ state.Actor) error {
				found, err := d.Users(cmd.Context())
				if err != nil {
					return err
				}
				out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				for _, x := range found {
					mark := ""
					switch {
					case x.Disabled:
						mark = "disabled"
					case x.OneTime:
						mark = "one-time password"
					}
					fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", x.ID, x.Name, grantsText(x.Grants), mark)
				}
				return out.Flush()
			})
		},
	}
}

func grantsText(grants []access.Grant) string {
	var out []string
	for _, g := range grants {
		text := string(g.Role)
		switch {
		case g.Party != "":
			text += " (" + g.Party + ")"
		case len(g.Sites) > 0:
			text += " (" + strings.Join(g.Sites, ", ") + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func (u *users) passwordCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "passwd USER",
		Short: "Give a user another one-time password and end his sessions",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return u.with(cmd.Context(), func(d *door.Door, _ *config.County, who state.Actor) error {
				p, err := d.NewPasswordBy(cmd.Context(), who, args[0])
				if err != nil {
					return err
				}
				saySecret(cmd.OutOrStdout(), args[0], p)
				return nil
			})
		},
	}
}

func (u *users) disableCommand(use string, off bool, short string) *cobra.Command {
	return &cobra.Command{
		Use:   use + " USER",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return u.with(cmd.Context(), func(d *door.Door, _ *config.County, who state.Actor) error {
				if err := d.Disable(cmd.Context(), who, args[0], off); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "user %s is %sd\n", args[0], use)
				return nil
			})
		},
	}
}
