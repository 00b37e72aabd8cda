// The store manager at two in the morning, by telephone: from the sign-in to an
// answered alarm; and the cable of the county's machine is pulled meanwhile.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, sitDown } from './browser.mjs'
import { County, until } from './county.mjs'

let county, browser

before(async () => {
  browser = await launch()
}, { timeout: 60_000 })
after(async () => {
  await browser?.close()
})

for (const [size, lang] of [['phone', 'zh'], ['desk', 'en']]) {
  test(`an alarm is answered and stays answered, ${size}, ${lang}`, async () => {
    county = await new County().start()
    try {
      const keeper = await sitDown(browser, county, { size, lang })
      const { page } = keeper
      await keeper.signIn('manager')
      const card = page.locator('a[href^="/alarms/"]').first()
      await until('the alarm of the mutton store', () => card.count(), 150)
      await card.click()
      await page.locator('.alarm-page .steps').waitFor()
      await keeper.check('alarm')
      const steps = page.locator('.steps-row .step')
      await steps.first().click()
      await answerWho(page)
      await until('the first step is taken', async () => (await steps.first().getAttribute('aria-pressed')) === 'true')
      await keeper.picture('alarm-answered')

      await county.kill()
      await until('the page says that it is cut off', () => page.locator('.banner[role=alert]').isVisible(), 90)
      await keeper.picture('alarm-cut-off')
      await county.start()
      await until('the page is live again', async () => !(await page.locator('.banner[role=alert]').isVisible()), 90)
      assert.equal(await steps.first().getAttribute('aria-pressed'), 'true', 'what was answered is still answered')
      await keeper.check('alarm-after')
      await keeper.leave()
    } finally {
      await county.end()
    }
  })
}

/** A user who is no person of the roster says who he is, once. */
async function answerWho(page) {
  const dialog = page.locator('dialog[open]')
  await page.waitForTimeout(500)
  if (!(await dialog.count())) return
  await dialog.locator('input').first().fill('演示库管')
  await dialog.locator('button[type=submit], .button').first().click()
}
