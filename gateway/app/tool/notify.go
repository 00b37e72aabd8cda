package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting"
	"coldchain/alerting/notify"
	"coldchain/gateway/app/county"
	"coldchain/gateway/config"
	"coldchain/gateway/mqtt"
)

func notifyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "notify", Short: "Try the ways to reach people"}
	cmd.AddCommand(notifyTestCommand())
	return cmd
}

func notifyTestCommand() *cobra.Command {
	var file, to string
	var patience time.Duration
	cmd := &cobra.Command{
		Use:     "test CHANNEL --config COUNTY.YAML --to PHONE|EMAIL",
		Short:   "Send a trial message by one channel and show the receipt",
		Example: "  coldchain notify test sms --config /etc/coldchain/county.yaml --to 13812345678",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.LoadCounty(file)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), patience)
			defer cancel()
			return tryChannel(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr(), cfg, args[0], to)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the county's configuration file")
	cmd.Flags().StringVar(&to, "to", "", "telephone number or e-mail address; robots and topics need none")
	cmd.Flags().DurationVar(&patience, "timeout", 90*time.Second, "give up after this long")
	_ = cmd.MarkFlagRequired("config") // exists: defined above
	return cmd
}

// tryChannel builds the one channel and sends a trial by it.
func tryChannel(ctx context.Context, out, log io.Writer, cfg *config.County, name, to string) error {
	channel, there := cfg.Notify.Channels[name]
	if !there {
		names := slices.Sorted(maps.Keys(cfg.Notify.Channels))
		return fmt.Errorf("there is no channel %.60q; notify.channels has: %s", name, strings.Join(names, ", "))
	}
	recipient, err := trialRecipient(to)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	o := county.ChannelOptions{Now: time.Now, Logger: logger}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	if channel.MQTT != nil {
		link, err := trialLink(ctx, &group, cfg, logger)
		if err != nil {
			return err
		}
		o.Publisher = county.LinkPublisher{Link: link}
	}
	built, err := county.NewChannels(config.Notify{Channels: map[string]config.Channel{name: channel}}, o)
	if err != nil {
		return err
	}
	group.Go(func() { built.Run(ctx) })

	began := time.Now()
	receipt, err := built.ByName[name].Notify(ctx, trial(cfg, recipient, began))
	if err != nil {
		return fmt.Errorf("%s (%s) did not take it: %w", name, channel.Kind(), err)
	}
	id := receipt.ID
	if id == "" {
		id = "none"
	}
	fmt.Fprintf(out, "%s (%s) took it after %s; receipt: %s\n", name, channel.Kind(), time.Since(began).Round(time.Millisecond), id)
	fmt.Fprintln(out, "Taken is not read: ask whoever it was for.")
	return nil
}

// trialRecipient reads --to.
func trialRecipient(to string) (notify.Recipient, error) {
	r := notify.Recipient{Name: "试发"}
	switch digits := strings.NewReplacer("+", "", " ", "", "-", "").Replace(to); {
	case to == "":
	case strings.Contains(to, "@"):
		r.Email = to
	case strings.Trim(digits, "0123456789") != "":
		return r, errors.New("--to is neither a telephone number nor an e-mail address")
	case len(digits) == 11 && digits[0] == '1' && !strings.HasPrefix(to, "+"):
		r.Phone = "86" + digits
	default:
		r.Phone = digits
	}
	return r, nil
}

// trial is what is said.
func trial(cfg *config.County, to notify.Recipient, at time.Time) notify.Message {
	local := at
	if zone, err := time.LoadLocation(cfg.Timezone); err == nil {
		local = at.In(zone)
	}
	clock := local.Format("15:04")
	return notify.Message{
		Key: fmt.Sprintf("trial-%d", at.UnixMilli()), Kind: notify.Trial, Level: alerting.Warning, To: to, At: at,
		Title: cfg.Name.ZH + " 冷链 试发 / test",
		Short: notify.Cut("【试发】"+cfg.Name.ZH+"冷链 "+clock+" 这是测试,不用处理", 70, notify.UCS2),
		Text:  clock + " 试发:收到说明这个渠道能用,不用处理。\nThis is a test. Nothing to do.",
		Fields: map[string]string{
			"place": cfg.Name.ZH, "what": "试发", "since": clock, "left": "无", "batches": "无", "todo": "不用处理",
		},
	}
}

// trialLink is a connection of its own to the county's broker.
func trialLink(ctx context.Context, group *sync.WaitGroup, cfg *config.County, logger *slog.Logger) (*mqtt.Link, error) {
	server := cfg.MQTT.Server
	if cfg.Broker.Listen != "" {
		server = "tcp://" + cfg.Broker.Listen
	}
	var password config.Secret
	if cfg.MQTT.PasswordFile != "" {
		var err error
		if password, err = config.ReadSecret(cfg.MQTT.PasswordFile); err != nil {
			return nil, fmt.Errorf("mqtt.password_file: %w", err)
		}
	}
	connected := make(chan struct{}, 1)
	link, err := mqtt.New(mqtt.Options{
		Server: server, ClientID: cfg.County + "-notify-test", Username: cfg.MQTT.Username, Password: password.Reveal(), CAFile: cfg.MQTT.CAFile, Logger: logger,
		OnConnect: func() {
			select {
			case connected <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		return nil, err
	}
	group.Go(func() { _ = link.Run(ctx) }) // ends with ctx, and says no more than that
	select {
	case <-connected:
		return link, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("connect to %s: %w", server, context.Cause(ctx))
	}
}
