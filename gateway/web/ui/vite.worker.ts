import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ts from 'typescript'
import type { Plugin } from 'vite'

/**
 * Writes sw.js beside the page: the worker with the names of all the page's files
 * and a version that changes with any of them.
 */
export function worker(): Plugin {
  return {
    name: 'coldchain-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const root = import.meta.dirname
        const source = readFileSync(resolve(root, 'src/worker/sw.ts'), 'utf8')
        const sum = createHash('sha256').update(source)
        const files = ['/']
        for (const name of Object.keys(bundle).sort()) {
          const b = bundle[name]!
          sum.update(name).update(b.type === 'chunk' ? b.code : b.source)
          if (name !== 'index.html') files.push('/' + name)
        }
        for (const name of readdirSync(resolve(root, 'public')).sort()) {
          sum.update(name).update(readFileSync(resolve(root, 'public', name)))
          files.push('/' + name)
        }
        const head = `const VERSION = ${JSON.stringify(sum.digest('hex').slice(0, 16))}\nconst FILES = ${JSON.stringify(files)}\n`
        const options = { target: ts.ScriptTarget.ES2018, module: ts.ModuleKind.None, removeComments: true }
        const { outputText } = ts.transpileModule(source, { compilerOptions: options })
        this.emitFile({ type: 'asset', fileName: 'sw.js', source: head + outputText })
      },
    },
  }
}
