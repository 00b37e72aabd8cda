import { computed, ref } from 'vue'

// A dozen kinds of address need no library.
/** The county's people: each page has an address of its own. */
export const peoplePages = ['people', 'plan', 'drills', 'channels', 'outages'] as const
export type PeoplePage = (typeof peoplePages)[number]

/** Pages that have neither parts nor a parameter. */
const plainViews = [
  { at: 'wall', view: 'wall' }, { at: 'county', view: 'desk' }, { at: 'calibration', view: 'calibration' }, { at: 'audit', view: 'audit' }, { at: 'style', view: 'style' },
] as const

export type Route =
  | { view: 'county' }
  | { view: 'zone'; zone: string }
  | { view: 'alarms' }
  | { view: 'batches' }
  | { view: 'batch'; id: string }
  | { view: 'import' }
  | { view: 'alarm'; id: string }
  | { view: 'queue' }
  | { view: 'operations' }
  | { view: 'reports' }
  | { view: 'trips'; truck?: string; batch?: string }
  | { view: 'trip'; id: string }
  | { view: 'users' }
  | { view: 'device' }
  | { view: 'wall' }
  | { view: 'desk' }
  | { view: 'calibration' }
  | { view: 'audit' }
  | { view: 'style' }
  | { view: 'truck'; site: string }
  | { view: 'slip'; batch: string; n: number }
  | { view: 'people'; page: PeoplePage }

const path = ref(location.pathname)
const scrolled = new Map<string, number>()

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // a mistyped address leads to "not found", not to a broken page
  }
}

export const route = computed<Route>(() => {
  const parts = path.value.split('/').filter(Boolean).map(decoded)
  if (parts[0] === 'zones' && parts[1] && parts[2]) return { view: 'zone', zone: parts[1] + '/' + parts[2] }
  if (parts[0] === 'alarms') return parts[1] ? { view: 'alarm', id: parts[1] } : { view: 'alarms' }
  if (parts[0] === 'batches') return parts[1] ? { view: 'batch', id: parts[1] } : { view: 'batches' }
  if (parts[0] === 'import') return { view: 'import' }
  if (parts[0] === 'truck') return { view: 'truck', site: parts[1] ?? '' }
  if (parts[0] === 'slip' && parts[1]) return { view: 'slip', batch: parts[1], n: Number(parts[2]) || 0 }
  if (parts[0] === 'queue') return { view: 'queue' }
  if (parts[0] === 'reports') return { view: 'reports' }
  if (parts[0] === 'trips') return parts[1] === 'truck' || parts[1] === 'batch' ? { view: 'trips', [parts[1]]: parts[2] } : parts[1] ? { view: 'trip', id: parts[1] } : { view: 'trips' }
  if (parts[0] === 'users') return { view: 'users' }
  if (parts[0] === 'device') return { view: 'device' }
  if (parts[0] === 'operations') return { view: 'operations' }
  const plain = plainViews.find((x) => x.at === parts[0])
  if (plain) return { view: plain.view }
  const page = peoplePages.find((x) => x === parts[0])
  if (page) return { view: 'people', page }
  return { view: 'county' }
})

export function go(to: string) {
  if (to === path.value) {
    window.scrollTo(0, 0)
    return
  }
  scrolled.set(path.value, window.scrollY)
  history.pushState({ inside: true }, '', to)
  path.value = to
  window.scrollTo(0, 0)
}

/** Back where the person came from; to the overview when the page was opened here. */
export function back() {
  if (history.state?.inside) history.back()
  else go('/')
}

export function startRouter() {
  history.scrollRestoration = 'manual'
  window.addEventListener('popstate', () => {
    scrolled.set(path.value, window.scrollY)
    path.value = location.pathname
    const y = scrolled.get(path.value) ?? 0
    requestAnimationFrame(() => requestAnimationFrame(() => window.scrollTo(0, y)))
  })
}
