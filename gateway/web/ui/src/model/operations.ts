// Which gateway needs somebody first. Pure.
import type { GatewayEntry, GatewayReport } from '../api/operations'

/**
 * A clock further off than this makes alarms hard to compare, seconds. How far
 * one is behind is told together with what a record is on its way, so that says
 * less: a truck's modem alone can take seconds.
 */
export const skewLimit = { ahead: 2, behind: 10 }
export const isSkewed = (s: number | undefined): boolean => s !== undefined && (s > skewLimit.ahead || -s > skewLimit.behind)
/** More records than this waiting is an hour or so of a large store. */
export const backlogLimit = 1000
/** A copy older than this is no longer yesterday's, seconds. */
export const backupLimit = 36 * 3600

export type Trouble = 'never' | 'offline' | 'fault' | 'clock' | 'backlog' | 'none'
const order: Trouble[] = ['offline', 'fault', 'clock', 'backlog', 'never', 'none']

/** The worst thing about a gateway. */
export function troubleOf(g: GatewayReport): Trouble {
  if (!g.last_seen) return 'never'
  if (!g.online) return 'offline'
  if (g.faults?.length) return 'fault'
  if (g.clock === 'none' || (g.held ?? 0) > 0 || isSkewed(g.skew_s)) return 'clock'
  if (Math.max(g.backlog ?? 0, g.undelivered) > backlogLimit) return 'backlog'
  return 'none'
}

/** Worst first; among equals the one with more waiting, then by name. */
export function gatewaysWorstFirst(list: GatewayReport[]): GatewayReport[] {
  const waiting = (g: GatewayReport) => Math.max(g.undelivered, g.backlog ?? 0)
  return [...list].sort(
    (a, b) => order.indexOf(troubleOf(a)) - order.indexOf(troubleOf(b)) || waiting(b) - waiting(a) || (a.name < b.name ? -1 : 1),
  )
}

/** What a clock was moved by, in seconds; none when its event does not tell. */
export function stepOf(e: GatewayEntry): number | undefined {
  const d = (Date.parse(e.detail.after ?? '') - Date.parse(e.detail.before ?? '')) / 1000
  return Number.isNaN(d) ? undefined : d
}

/** Bytes as people read them: 31 kB, 2.4 MB. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  if (n < 1_000_000) return `${Math.round(n / 1000)} kB`
  return `${(n / 1_000_000).toFixed(1)} MB`
}

/** What a driver said at the truck, in words of the page. */
export function truckSaid(d: Record<string, string | undefined>, t: (key: string, values?: Record<string, unknown>) => string): string {
  if (d.empty) return t('ops.event.truckEmpty')
  if (!d.phase) return 'truck-said'
  const phase = (p: string) => t('use.phase.' + p)
  let said = t('ops.event.truckPhase', { phase: phase(d.phase) })
  if (d.inferred && d.inferred !== d.phase) said += t('ops.event.truckLooks', { phase: phase(d.inferred) })
  if (d.unready) said += t('ops.event.truckUnready', { unready: d.unready, reason: d.reason ?? '—' })
  return said
}
