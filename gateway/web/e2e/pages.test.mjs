// Every page in both languages and sizes: it fits, axe has nothing serious to
// say, and nothing fails behind it.
import { after, before, test } from 'node:test'
import { launch, sitDown } from './browser.mjs'
import { County, until } from './county.mjs'

const pages = ['/', '/alarms', '/batches', '/queue', '/people', '/plan', '/drills', '/channels', '/outages', '/reports', '/operations', '/import']
const county = new County()
let browser

before(async () => {
  await county.start()
  browser = await launch()
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await county.end()
})

for (const size of ['phone', 'desk']) {
  for (const lang of ['zh', 'en']) {
    test(`every page, ${size}, ${lang}`, async () => {
      const person = await sitDown(browser, county, { size, lang, dark: lang === 'en' })
      for (const path of pages) {
        await person.open(path)
        await until(`${path} is filled`, () => person.page.locator('#content [aria-busy=true]').count().then((n) => n === 0))
        await person.check('page' + path.replaceAll('/', '-'))
      }
      await person.leave()
    })
  }
}
