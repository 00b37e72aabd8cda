import { expect, it } from 'vitest'

const files = import.meta.glob<string>('../src/**/*.{ts,vue,css}', { query: '?raw', import: 'default', eager: true })
const text = (file: string) => files['../src/' + file]

function resolve(from: string, to: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const p of to.split('/')) {
    if (p === '..') parts.pop()
    else if (p !== '.') parts.push(p)
  }
  const name = parts.join('/')
  const found = [name, name + '.ts', name + '/index.ts'].find((f) => text(f) !== undefined)
  if (!found) throw new Error(`${from} imports ${to}, which is not there`)
  return found
}

/** Every file that comes with the first load: what is imported, and not only when it is looked at. */
function firstLoad(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const imports = /^\s*(?:import|export)\s+(?!type\b)(?:[^'"]*?\bfrom\s+)?['"](\.[^'"]+)['"]/gm
  for (let m = imports.exec(text(file) ?? ''); m; m = imports.exec(text(file) ?? '')) firstLoad(resolve(file, m[1] as string), seen)
  return seen
}

const first = Array.from(firstLoad('main.ts'))

it('the first load is what a keeper needs', () => {
  for (const f of ['App.vue', 'views/CountyView.vue', 'views/ZoneView.vue', 'components/ZoneCard.vue', 'model/judge.ts', 'i18n/en.ts']) expect(first).toContain(f)
})

it.each(['views/StyleView.vue', 'components/style/sample.ts', 'i18n/style.ts', 'views/WallView.vue', 'model/wall.ts', 'views/DeskView.vue', 'views/AuditView.vue', 'i18n/desk.ts', 'components/chart.ts'])(
  '%s is loaded when it is looked at',
  (f) => {
    expect(text(f)).toBeTruthy() // it is there under that name
    expect(first).not.toContain(f)
  },
)
