// What people type into the forms of a batch, as the server takes it. Pure.

import type { Stay } from '../api/custody'
import type { Courier } from '../api/types'
import { instantOf, localInput } from './time'

/** A number as people write it, or null for nothing; NaN when it is none. */
export function measured(text: string): number | null {
  const s = text.trim().replace(',', '.').replace('，', '.').replace('−', '-')
  if (s === '') return null
  return /^[-+]?\d+(\.\d+)?$/.test(s) ? Number(s) : NaN
}

/** A field for date and time as the server takes it; "" is now. */
export function timeText(local: string, zone: string): string {
  const ms = local ? instantOf(local, zone) : NaN
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString()
}

/** Where goods go: they stay, or into a zone, to a place that nothing watches, or away. */
export type Goes = 'stay' | 'zone' | 'place' | 'away'
export interface Where { goes: Goes; zone: string; place: string; courier: boolean; firm: string; waybill: string; ice: string; packed: string }
export const nowhere = (goes: Goes): Where => ({ goes, zone: '', place: '', courier: false, firm: '', waybill: '', ice: '', packed: '' })

export function whereReady(w: Where): boolean {
  if (w.goes === 'zone') return w.zone !== ''
  const courier = !w.courier || (!Number.isNaN(measured(w.packed)) && /^\d{0,3}$/.test(w.ice.trim()))
  return w.goes === 'stay' || (courier && (w.goes === 'away' || w.place.trim() !== ''))
}

/** The move of a request; null when they stay. */
export function moveOf(w: Where): { zone: string; place: string; courier?: Courier } | null {
  if (w.goes === 'stay') return null
  if (w.goes === 'zone') return { zone: w.zone, place: '' }
  const courier = w.courier ? { firm: w.firm.trim(), waybill: w.waybill.trim(), ice: Number(w.ice.trim() || 0), packing_c: measured(w.packed) } : undefined
  return { zone: '', place: w.goes === 'place' ? w.place.trim() : '', ...(courier ? { courier } : {}) }
}

/** A stay being corrected; what it was is kept, so that what nobody changed stays to the second. */
export interface StayDraft { zone: string; place: string; from: string; to: string; was: Stay | null }

export function draftsOf(stays: Stay[], zone: string): StayDraft[] {
  return stays.map((s) => ({ zone: s.zone, place: s.place ?? '', from: localInput(Date.parse(s.from), zone), to: s.to ? localInput(Date.parse(s.to), zone) : '', was: s }))
}

export type StayFault = 'place' | 'from' | 'until' | 'order' | 'overlap'

/** The stays of a request, or what is wrong and with which: the server checks the rest. */
export function staysOf(drafts: StayDraft[], zone: string): { stays: Stay[]; wrong: null } | { stays: null; wrong: { at: number; fault: StayFault } } {
  const same = (local: string, iso: string | undefined) => iso !== undefined && iso !== '' && localInput(Date.parse(iso), zone) === local
  const stays: Stay[] = []
  for (let at = 0; at < drafts.length; at++) {
    const d = drafts[at] as StayDraft
    const wrong = (fault: StayFault) => ({ stays: null, wrong: { at, fault } })
    if (!d.zone && !d.place.trim()) return wrong('place')
    const from = same(d.from, d.was?.from) ? (d.was?.from as string) : timeText(d.from, zone)
    if (!from) return wrong('from')
    const to = !d.to ? '' : same(d.to, d.was?.to) ? (d.was?.to as string) : timeText(d.to, zone)
    if (!to && at < drafts.length - 1) return wrong('until')
    if (to && Date.parse(to) <= Date.parse(from)) return wrong('order')
    const before = stays[at - 1]
    // Minutes are typed and seconds are known: within the same minute the next begins when the last one ended.
    const touching = before?.to && localInput(Date.parse(before.to), zone) === d.from
    const begins = touching ? (before.to as string) : from
    if (before?.to && Date.parse(begins) < Date.parse(before.to)) return wrong('overlap')
    // What was said of the old place does not hold of another one.
    const kept = d.was && d.was.zone === d.zone && (d.was.place ?? '') === d.place.trim() ? d.was : null
    const stay: Stay = { ...(kept ?? {}), zone: d.zone, from: begins }
    if (d.zone) delete stay.place
    else stay.place = d.place.trim()
    if (to) stay.to = to
    else delete stay.to
    stays.push(stay)
  }
  return { stays, wrong: null }
}

/**
 * Which of some values a refusal speaks of: the longest that it holds whole, so
 * that it stands beside its field; -1 when it holds none.
 */
export function spokenOf(refusal: string, values: string[]): number {
  let found = -1
  values.forEach((v, i) => {
    const s = v.trim()
    if (s && refusal.includes(s) && s.length > (values[found]?.trim().length ?? 0)) found = i
  })
  return found
}

/** A name for the next part of a batch, none that is taken. */
export function nextPart(batch: string, taken: string[]): string {
  for (let n = 1; ; n++) {
    const id = batch + '-' + n
    if (!taken.includes(id)) return id
  }
}
