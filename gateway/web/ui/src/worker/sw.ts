// Keeps the page itself on the device, so that it opens without signal. It
// answers nothing that a server decides: no request below /api, no link, no
// certificate passes through here, and nothing of them is kept. Values and
// actions are the page's own business.
//
// The build puts the page's version and files into the two lines below.
declare const VERSION: string
declare const FILES: string[]

interface Waits extends Event {
  waitUntil(p: Promise<unknown>): void
}
interface Fetched extends Waits {
  request: Request
  respondWith(p: Promise<Response>): void
}
const scope = self as unknown as {
  location: Location
  clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(kind: string, f: (e: never) => void): void
}

const mine = 'page-' + VERSION
const patience = 4000 // ms until the kept page is shown: on 2G an answer may take for ever

scope.addEventListener('install', (e: Waits) => {
  e.waitUntil(caches.open(mine).then((c) => c.addAll(FILES.map((f) => new Request(f, { cache: f === '/' ? 'reload' : 'default', credentials: 'same-origin' })))))
})

scope.addEventListener('activate', (e: Waits) => {
  e.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((n) => n.startsWith('page-') && n !== mine).map((n) => caches.delete(n))))
      .then(() => scope.clients.claim()),
  )
})

// A newer page waits until a person takes it: the one that is open must find its parts.
scope.addEventListener('message', (e: MessageEvent) => {
  if (e.data === 'take over') void scope.skipWaiting()
})

/** Addresses that the page itself understands, as the server does: no file, and none of the server's own. */
const isPage = (url: URL) => !/^\/(api|c|verify|inspect|answer|healthz|metrics|login)(\/|$)/.test(url.pathname) && !/\.[a-z0-9]+$/i.test(url.pathname)

function soon(request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), patience)
    fetch(request).then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** The page: the server's when it answers, the kept one when it does not. */
async function page(request: Request): Promise<Response> {
  try {
    const answer = await soon(request)
    if (answer.ok || answer.status < 500) return answer
  } catch {
    // no signal
  }
  return (await caches.match('/', { cacheName: mine })) ?? fetch(request)
}

/** A part of the page: its name changes with its content, so the kept one is right. */
const part = async (request: Request): Promise<Response> => (await caches.match(request, { cacheName: mine })) ?? fetch(request)

scope.addEventListener('fetch', (e: Fetched) => {
  const url = new URL(e.request.url)
  if (e.request.method !== 'GET' || url.origin !== scope.location.origin) return
  if (e.request.mode === 'navigate' && isPage(url)) e.respondWith(page(e.request))
  else if (url.pathname !== '/' && FILES.includes(url.pathname)) e.respondWith(part(e.request))
})
