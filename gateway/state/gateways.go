package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"coldchain/gateway/wire"
)

// Gateway is what a box at a site last said about itself.
type Gateway struct {
	Gateway           string         `json:"gateway"`
	Site              string         `json:"site"`
	Status            wire.Status    `json:"status"`
	StatusReceived    time.Time      `json:"status_received,omitzero"` // when the county received it; zero: never
	Inventory         wire.Inventory `json:"inventory"`
	InventoryReceived time.Time      `json:"inventory_received,omitzero"`
}

// SaveStatus keeps a gateway's newest status. A last will carries little and
// may be late: what it does not say is kept from the status before, and the
// will of an earlier session does not take a gateway offline that has come
// back since. The caller has checked that the sender is the gateway.
func (db *DB) SaveStatus(ctx context.Context, s wire.Status, received time.Time) error {
	if s.Gateway == "" {
		return refuse(ErrInvalid, "a status names no gateway")
	}
	err := db.change(ctx, deliverer, func(tx *txn) error {
		var text sql.NullString
		err := tx.QueryRowContext(ctx, "SELECT status FROM gateways WHERE gateway = ?", s.Gateway).Scan(&text)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if text.Valid && !s.Online {
			var before wire.Status
			if err := json.Unmarshal([]byte(text.String), &before); err != nil {
				return fmt.Errorf("read the status before: %w", err)
			}
			if before.Online && s.Session != "" && s.Session != before.Session {
				return errUnchanged
			}
			if s.At.IsZero() {
				before.Online, before.Session = false, s.Session
				s = before
			}
		}
		now, err := json.Marshal(s)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO gateways (gateway, site, status, status_ms) VALUES (?, ?, ?, ?)
			ON CONFLICT (gateway) DO UPDATE SET site = excluded.site, status = excluded.status, status_ms = excluded.status_ms`,
			s.Gateway, s.Site, string(now), received.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("save the status of gateway %s: %w", s.Gateway, err)
	}
	return nil
}

// SaveInventory keeps what a gateway is configured to measure. A different one
// than before is a change of state and leaves an audit row.
func (db *DB) SaveInventory(ctx context.Context, inv wire.Inventory, received time.Time) error {
	if inv.Gateway == "" {
		return refuse(ErrInvalid, "an inventory names no gateway")
	}
	err := db.change(ctx, deliverer, func(tx *txn) error {
		var before sql.NullString
		err := tx.QueryRowContext(ctx, "SELECT inventory FROM gateways WHERE gateway = ?", inv.Gateway).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		now, err := json.Marshal(inv)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO gateways (gateway, site, inventory, inventory_ms) VALUES (?, ?, ?, ?)
			ON CONFLICT (gateway) DO UPDATE SET site = excluded.site, inventory = excluded.inventory, inventory_ms = excluded.inventory_ms`,
			inv.Gateway, inv.Site, string(now), received.UnixMilli())
		if err != nil || before.String == string(now) {
			return err
		}
		sum := sha256.Sum256(now)
		points := 0
		for _, d := range inv.Devices {
			points += len(d.Points)
		}
		return tx.audit("gateway.inventory", inv.Gateway, detail{"site": inv.Site, "devices": len(inv.Devices), "points": points, "sha256": hex.EncodeToString(sum[:])})
	})
	if err != nil {
		return fmt.Errorf("save the inventory of gateway %s: %w", inv.Gateway, err)
	}
	return nil
}

// Gateways returns every gateway that has ever been heard of, by name.
func (db *DB) Gateways(ctx context.Context) ([]Gateway, error) {
	rows, err := db.reader.QueryContext(ctx, "SELECT gateway, site, status, status_ms, inventory, inventory_ms FROM gateways ORDER BY gateway")
	out := []Gateway{}
	err = each(rows, err, func() error {
		var g Gateway
		var status, inventory sql.NullString
		var statusAt, inventoryAt sql.NullInt64
		if err := rows.Scan(&g.Gateway, &g.Site, &status, &statusAt, &inventory, &inventoryAt); err != nil {
			return err
		}
		g.StatusReceived, g.InventoryReceived = fromMillis(statusAt), fromMillis(inventoryAt)
		if status.Valid {
			if err := json.Unmarshal([]byte(status.String), &g.Status); err != nil {
				return fmt.Errorf("status of %s: %w", g.Gateway, err)
			}
		}
		if inventory.Valid {
			if err := json.Unmarshal([]byte(inventory.String), &g.Inventory); err != nil {
				return fmt.Errorf("inventory of %s: %w", g.Gateway, err)
			}
		}
		out = append(out, g)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list gateways: %w", err)
	}
	return out, nil
}
