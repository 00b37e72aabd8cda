// A demonstration county of its own for the tests: the real program, killed and
// started again like any other.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = process.env.COLDCHAIN ?? resolve(import.meta.dirname, '../../../bin/coldchain')

/** Waits until a condition holds; what it says at last is in the error. */
export async function until(what, condition, seconds = 60) {
  const end = Date.now() + seconds * 1000
  let last
  for (;;) {
    try {
      last = await condition()
      if (last) return last
    } catch (e) {
      last = e
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s (last: ${last?.message ?? last})`)
    await new Promise((r) => setTimeout(r, 200))
  }
}

export class County {
  #process = null
  said = '' // everything it wrote

  constructor(season = 'autumn', args = []) {
    if (!existsSync(program)) throw new Error(`${program} is not there: run make build first`)
    this.folder = mkdtempSync(join(tmpdir(), 'coldchain-e2e-'))
    this.season = season
    this.args = args
  }

  async start() {
    this.port ??= await freePort()
    this.url = `http://127.0.0.1:${this.port}`
    const before = this.said.length
    const p = spawn(program, ['demo', '--season', this.season, '--listen', `127.0.0.1:${this.port}`, '--data', join(this.folder, 'data'), ...this.args])
    for (const stream of [p.stdout, p.stderr]) stream.setEncoding('utf8').on('data', (text) => (this.said += text))
    this.#process = p
    await until('the demonstration is live', () => {
      if (p.exitCode !== null) throw new Error(`it ended with ${p.exitCode}: ${this.said.slice(before)}`)
      return this.said.slice(before).includes('Live since')
    }, 240)
    return this
  }

  /** As when somebody trips over the cable. */
  async kill() {
    const p = this.#process
    this.#process = null
    if (!p || p.exitCode !== null) return
    p.kill('SIGKILL')
    await once(p, 'exit')
  }

  async end() {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
