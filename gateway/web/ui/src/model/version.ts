// A page that stays open for a month: it takes the server's newer version by
// itself.

const entry = /<script[^>]*\ssrc="(\/assets\/[^"]+)"/

/** The name of a page's program; its name changes with its content. */
export const programOf = (html: string): string => entry.exec(html)?.[1] ?? ''

/** What a look at the server needs, so that a test can stand in for it. */
export interface Versions {
  /** The program that runs here. */
  mine: string
  /** The server's page as it is now. */
  page(): Promise<string>
  /** For which program the page was last loaded anew; empty: for none. */
  tried(): string
  reload(program: string): void
}

/**
 * Loads the page anew when the server has another program: once for each, so that
 * something between that keeps an old page cannot make it load for ever.
 */
export async function renew(v: Versions): Promise<void> {
  let theirs = ''
  try {
    theirs = programOf(await v.page())
  } catch {
    return // the banner tells when the server is gone
  }
  if (theirs && v.mine && theirs !== v.mine && theirs !== v.tried()) v.reload(theirs)
}

const key = 'coldchain.renewed'

export const browserVersions = (): Versions => ({
  mine: programOf(document.documentElement.outerHTML),
  page: async () => {
    const answer = await fetch('/', { cache: 'no-cache' })
    return answer.ok ? answer.text() : ''
  },
  tried: () => sessionStorage.getItem(key) ?? '',
  reload(program) {
    sessionStorage.setItem(key, program)
    location.reload()
  },
})
