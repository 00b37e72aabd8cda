// What gateway/web answers about trucks' trips.

import { ask } from './client'
import type { Interval } from './custody'
import type { Label, Phase } from './types'

export interface TripLine {
  id: string
  truck: string
  version: number
  from: string
  to: string | null
  phase: Phase
  stops: { place: string; latitude: number; longitude: number; arrived: string | null; left: string | null }[]
  unseen_s: number
  distance_m: number | null
  batches: string[]
}

export interface Span { from: string; to?: string }

export interface Stop {
  /** The site it stood at; empty: at none. */
  place: string
  latitude: number
  longitude: number
  arrived?: string
  left?: string
  arrived_unseen?: boolean
  left_unseen?: boolean
  unseen_s: number
  door_open_s: number
  from: string
  to: string
}

export interface Booking { at: string; zone?: string; place?: string; stop: number | null }

export interface Carried {
  batch: string
  loaded: Booking | null
  unloaded: Booking | null
  product: string
  quantity: string
  profile: string
  stay: Interval
}

export interface Trip {
  id: string
  truck: string
  box: string
  version: number
  made: string
  name: Label
  from: string
  to?: string
  /** Its end, or when it was asked for. */
  until: string
  phases: ({ phase: Phase; by?: string } & Span)[]
  stops: Stop[]
  unseen: Span[]
  doors: Span[]
  distance_m: number | null
  withdrawn?: string
  instead?: string
  drivers: string[]
  air: Interval
  goods: Carried[]
}

export const getTrips = (of: { truck?: string; batch?: string; from?: string; to?: string }) =>
  ask<{ now: string; trips: TripLine[]; truncated: boolean }>('trips?' + new URLSearchParams(Object.entries(of).filter((x): x is [string, string] => !!x[1])))
export const getTrip = (id: string, signal?: AbortSignal) => ask<Trip>('trips/' + encodeURIComponent(id), { signal })
