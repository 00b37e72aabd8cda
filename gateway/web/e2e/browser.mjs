// Debian's Chromium as a person has it: a size, a language, and eyes for what is
// wrong on every page.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { chromium } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = process.env.PICTURES ?? resolve(import.meta.dirname, '../../../.cache/e2e')

/** The phones of the township and the desk of the county. */
export const sizes = { phone: { width: 360, height: 640 }, desk: { width: 1440, height: 900 } }

export async function launch() {
  mkdirSync(pictures, { recursive: true })
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
}

/** One person before one screen. */
export async function sitDown(browser, county, { size = 'phone', lang = 'zh', dark = false } = {}) {
  const context = await browser.newContext({
    viewport: sizes[size],
    hasTouch: size === 'phone',
    isMobile: size === 'phone',
    deviceScaleFactor: 2,
    locale: lang === 'zh' ? 'zh-CN' : 'en-GB',
    timezoneId: 'Asia/Shanghai',
    colorScheme: dark ? 'dark' : 'light',
    bypassCSP: false,
  })
  const page = await context.newPage()
  const wrong = []
  page.on('pageerror', (e) => wrong.push(`error on ${page.url()}: ${e.message}`))
  page.on('console', (m) => {
    if (m.type() === 'error' && !ordinary(m.text())) wrong.push(`console on ${page.url()}: ${m.text()}`)
  })
  return new Person(context, page, county, `${size}-${lang}${dark ? '-dark' : ''}`, wrong)
}

/** What the browser itself writes down while a server is away or says no. */
const ordinary = (text) => /Failed to load resource|net::ERR_/.test(text)

class Person {
  constructor(context, page, county, name, wrong) {
    Object.assign(this, { context, page, county, name, wrong })
  }

  async open(path) {
    await this.page.goto(this.county.url + path)
    await this.page.locator('#content').waitFor()
  }

  async picture(what) {
    await this.page.screenshot({ path: join(pictures, `${what}-${this.name}.png`), fullPage: false })
  }

  /** Everything that must be right on any page: fits, reads, and fails nowhere. */
  async check(what) {
    await this.page.waitForTimeout(300) // transitions end: axe measures colours as they are
    const overflow = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(overflow <= 0, `${what} ${this.name}: the page is ${overflow} px wider than the screen`)
    await this.axe(what)
    assert.deepEqual(this.wrong, [], `${what} ${this.name}`)
    await this.picture(what)
  }

  /** axe finds nothing serious. Its code runs by the debugger, past the page's own policy. */
  async axe(what) {
    const client = await this.context.newCDPSession(this.page)
    const run = async (expression) => {
      const { result, exceptionDetails } = await client.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description)
      return result.value
    }
    await run(axe + ';0')
    const found = await run(`axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then((r) => r.violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .flatMap((v) => v.nodes.map((n) => v.id + ' at ' + n.target.join(' ') + ': ' + (n.failureSummary ?? '').split('\\n').slice(1).join(' '))))`)
    await client.detach()
    assert.deepEqual(found, [], `${what} ${this.name}: axe`)
  }

  async leave() {
    await this.context.close()
  }
}
