// The trucks as the wall shows them: where they were last, and how long ago.
import { computed } from 'vue'
import { useWords } from '../../i18n'
import { counted, now, sites, staleMs, timezone, zones } from '../../model/county'
import { age, moment } from '../../model/format'
import type { State } from '../../model/judge'
import { each, fixOf, worstOf, type Fix } from '../../model/wall'
import type { Site } from '../../api/types'

export interface WallTruck {
  site: Site
  state: State
  fix: Fix | null
  /** Whether the fix is of now; an older one is drawn hollow where it was. */
  fresh: boolean
  /** How old that is, or since when nothing has come. */
  said: string
}

/** A site's state, as its rooms are counted. */
export const siteState = (id: string): State => worstOf(counted.value.filter((j) => j.zone.site.id === id).map((j) => j.state))

export function useTrucks() {
  const { t, lang } = useWords()
  const when = (ms: number) => moment(ms, now.value, lang.value, timezone.value)
  return computed<WallTruck[]>(() =>
    sites.value.filter((s) => s.kind === 'truck').map((site) => {
      const points = each(zones.value.filter((z) => z.site.id === site.id), (z) => z.data.points)
      const fix = fixOf(points)
      const silent = site.gateway && !site.gateway.online ? site.gateway.last_seen : null
      const fresh = fix !== null && !silent && now.value - fix.at <= staleMs.value
      let said = fix ? t(fresh ? 'wall.fix' : 'wall.noFix', { age: age((now.value - fix.at) / 1000, lang.value), time: when(fix.at) }) : t('wall.neverFix')
      if (silent) said = t('wall.noSignal', { time: when(Date.parse(silent)) })
      return { site, state: siteState(site.id), fix, fresh, said }
    }),
  )
}
