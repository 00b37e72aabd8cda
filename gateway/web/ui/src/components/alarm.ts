// An alarm in words, the same on its card and on its page.
import { computed } from 'vue'
import type { Alarm } from '../api/types'
import { useWords } from '../i18n'
import { county, now, siteNamed, timezone, zoneNamed } from '../model/county'
import { longSpan, moment, number, plain, unitText } from '../model/format'
import { isPresent, isSilence, type State } from '../model/judge'
import { stepsOf } from '../model/steps'

export function useAlarm(alarm: () => Alarm) {
  const { t, lang, label, word } = useWords()
  const zone = computed(() => (alarm().zone ? zoneNamed(alarm().zone) : undefined))
  const site = computed(() => zone.value?.site ?? siteNamed(alarm().site))
  const state = computed<State>(() => {
    const a = alarm()
    if (!a.open) return 'ok'
    if (isSilence(a)) return isPresent(a) ? 'nodata' : 'attention'
    return isPresent(a) && a.level === 'excursion' ? 'act' : 'attention'
  })
  /** The county's alarm on itself. */
  const own = computed(() => ['store-failing', 'channel-fails', 'drill-missed', 'report-late'].includes(alarm().rule) ||
    (['clock-wrong', 'disk-filling'].includes(alarm().rule) && !site.value))
  /** Its figures are no value over a limit, and its object may be a switch. */
  const special = computed(() => ['rate-of-rise', 'pull-down', 'condensation', 'compressor-silent', 'spoilage'].includes(alarm().rule))
  const unit = computed(() => unitText(special.value ? alarm().unit || 'Cel' : alarm().unit ?? ''))
  const high = computed(() => {
    const a = alarm()
    if (a.rule === 'low-limit' || a.rule === 'low-total' || a.rule === 'product-low' || a.rule === 'estimate-low') return false
    return a.rule === 'high-limit' || a.rule === 'high-total' || a.rule === 'product-high' || a.rule === 'estimate-high' || a.limit === null || a.peak === null || a.peak >= a.limit
  })
  const what = computed(() =>
    t('alarm.rule.' + alarm().rule, { what: t('quantity.' + (special.value ? 'temperature' : alarm().quantity ?? 'temperature')) }))
  const figure = computed(() => {
    const due = moment(Date.parse(alarm().start) + alarm().delay_s * 1000, now.value, lang.value, timezone.value)
    const of = (name: string) =>
      special.value ? t(`alarm.figure.${alarm().rule}.${name}`, { due }) : t('alarm.' + (name === 'peak' && !high.value ? 'trough' : name))
    return { now: of('now'), peak: of('peak'), limit: of('limit') }
  })
  const over = computed(() => {
    const a = alarm()
    if (a.limit === null || a.peak === null || special.value) return ''
    const n = isPresent(a) && a.last_value !== null ? a.last_value - a.limit : a.peak - a.limit
    if (high.value ? n <= 0 : n >= 0) return ''
    return t(high.value ? 'alarm.overHigh' : 'alarm.overLow', { n: number(Math.abs(n)), unit: unit.value })
  })
  /** How long it takes to the next limit at this rate; under `answer`, in fewer words. */
  const leftIn = (words: 'alarm' | 'answer') => {
    const l = alarm().left
    if (!l || !isPresent(alarm())) return ''
    const limit = `${plain(l.limit)} ${unit.value}`
    const from = longSpan(l.earliest_s, lang.value)
    return l.latest_s === null ? t(words + '.left', { limit, from }) : t(words + '.leftTo', { limit, from, to: longSpan(l.latest_s, lang.value) })
  }
  const left = computed(() => leftIn('alarm'))
  const leftShort = computed(() => leftIn('answer'))
  const why = computed(() => {
    const reason = alarm().reason
    return reason ? word('reason.' + reason, word('alarm.own.' + reason, reason)) : ''
  })
  const place = computed(() =>
    zone.value || alarm().zone ? label(zone.value?.data.name, alarm().zone) : label(site.value?.name ?? (own.value ? county.value?.name : undefined), alarm().site))
  const steps = computed(() => stepsOf(alarm()))
  const lots = computed(() => alarm().batches.filter((b, i, all) => all.findIndex((x) => x.id === b.id) === i))
  return { zone, site, state, own, unit, high, figure, what, over, left, leftShort, why, place, steps, lots }
}

/** The last part of a batch's code is what people call it by. */
export const tail = (id: string): string => (id.length > 9 ? '…' + id.slice(-7) : id)
