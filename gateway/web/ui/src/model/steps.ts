// The way of an alarm through people's hands: who has taken which step, what
// may come next, and when it counts as closed. Pure. The server decides; this
// only says which buttons make sense.

import { stepNames, type Closing, type Person, type Step, type StepName, type Told } from '../api/people'
import type { Alarm } from '../api/types'

/** Who it was, without by what right he was let in: "其其格 (token)", "其其格 (user manager)". */
export const nameOf = (by: string): string => by.replace(/ \((token|link|sms|page|demo|(user|device|token) [^()]*)\)$/, '')

export interface StepState {
  step: StepName
  /** The first who took it; none: nobody has. */
  by: string
  at: string
  /** How many others took it too. */
  others: number
}

/** The steps of an alarm; one that was only acknowledged, as an older server tells it, has taken the first. */
export function stepsOf(a: Pick<Alarm, 'steps' | 'acknowledged'>): Step[] {
  const steps = a.steps ?? []
  if (a.acknowledged && !steps.some((s) => s.step === 'acknowledged')) {
    return [{ step: 'acknowledged', by: a.acknowledged.by, at: a.acknowledged.at, note: a.acknowledged.note }, ...steps]
  }
  return steps
}

/** The four steps in their order, each with the first who took it. */
export function stepStates(steps: Step[]): StepState[] {
  return stepNames.map((step) => {
    const taken = steps.filter((s) => s.step === step).sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
    const first = taken[0]
    const people = new Set(taken.map((s) => nameOf(s.by)))
    return { step, by: first ? nameOf(first.by) : '', at: first?.at ?? '', others: Math.max(0, people.size - 1) }
  })
}

/** Whether a person has taken a step already; pressing it again would say nothing new. */
export const hasTaken = (steps: Step[], step: StepName, name: string): boolean =>
  name !== '' && steps.some((s) => s.step === step && nameOf(s.by) === name)

/**
 * The step to offer first: the one after the furthest that anybody took.
 * Nobody who is on site is asked to say first that he was on the way, so what
 * was skipped stays behind. None when all is done.
 */
export function nextStep(steps: Step[]): StepName | null {
  const furthest = Math.max(-1, ...steps.map((s) => stepNames.indexOf(s.step)))
  return stepNames[furthest + 1] ?? null
}

/** Whether a step may be pressed: while the alarm is not closed, and once by each person. */
export const mayPress = (a: Alarm, step: StepName, name: string): boolean => !a.closing && !hasTaken(stepsOf(a), step, name)

/**
 * Whether an alarm is one to be closed with its cause: an excursion, or
 * whatever had goods in the room.
 */
export const wantsClosing = (a: Alarm): boolean => a.level === 'excursion' || a.batches.length > 0

/** What is present is not over, unless its sensor is lost: then it can never end by itself. */
export const mayClose = (a: Alarm, outcome: string): boolean => a.returned !== null || outcome === 'sensor-lost'

/** Codes that say nothing without a note. */
export const needsNote = (c: { cause: string; action: string; outcome: string }): boolean =>
  c.cause === 'other' || c.action === 'other' || c.outcome === 'sensor-lost'

/** Whether a second person has still to sign. */
export const awaitsSignature = (c: Closing | null | undefined): boolean => !!c && c.severe && !c.signed_by

/** A second person is not the one who closed it. */
export const maySign = (c: Closing | null | undefined, name: string): boolean =>
  !!c && awaitsSignature(c) && name !== '' && nameOf(c.by) !== name

/** Who was told, newest first. */
export const toldNewestFirst = (told: Told[]): Told[] => [...told].sort((a, b) => Date.parse(b.at) - Date.parse(a.at))

/** A number to dial, with its plus. */
export const dial = (phone: string): string => '+' + phone.replace(/[^0-9]/g, '')

/** Names to choose from: who serves the site first, each once, in the roster's order. */
export function namesFor(persons: Person[], site: string, not: string): { name: string; near: boolean }[] {
  const out: { name: string; near: boolean }[] = []
  const serves = (p: Person) => !p.sites?.length || p.sites.includes(site)
  for (const near of [true, false]) {
    for (const p of persons) {
      if (serves(p) === near && p.name !== not && !out.some((x) => x.name === p.name)) out.push({ name: p.name, near })
    }
  }
  return out
}
