'use strict'
// The rules of gateway/evidence (DESIGN.md), once more: canonical form of RFC
// 8785, parts with their SHA-256, and an Ed25519 signature over the seal. It
// shares no line with the Go program that signs.

const FORMAT = 'coldchain certificate 1'
const SEAL = 'coldchain seal 1'
const utf8 = new TextEncoder()

function canonical(v) {
  if (v === null || typeof v !== 'object') {
    if (typeof v === 'number' && !isFinite(v)) throw new Error('a number is too large')
    return JSON.stringify(v)
  }
  if (Array.isArray(v)) return '[' + v.map(canonical).join(',') + ']'
  return '{' + Object.keys(v).sort().map(k => JSON.stringify(k) + ':' + canonical(v[k])).join(',') + '}'
}

const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('')
const hash = text => hex(noble.sha256(utf8.encode(text)))

function cut(parts, name, depth, v) {
  const most = name.startsWith('/exposure/') ? 4 : 3
  if (depth < most && v !== null && typeof v === 'object' && Object.keys(v).length > 0) {
    for (const k of Object.keys(v)) cut(parts, name + '/' + k.replace(/~/g, '~0').replace(/\//g, '~1'), depth + 1, v[k])
    return
  }
  parts.set(name, canonical(v))
}

function base64(text, length) {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new Error('no base64: ' + String(text).slice(0, 60))
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0))
  if (bytes.length !== length || btoa(String.fromCharCode(...bytes)) !== text) throw new Error('a key or signature has another length')
  return bytes
}

function fingerprint(key) {
  return hex(noble.sha256(key).slice(0, 16)).toUpperCase().match(/.{4}/g).join(' ')
}

// check returns what is wrong with an envelope: a report as evidence.Verify's.
function check(text) {
  const e = JSON.parse(text)
  if (e === null || typeof e !== 'object' || Object.keys(e).sort().join() !== 'document,format,seal,signature' || e.format !== FORMAT) throw new Error('no ' + FORMAT)
  const s = e.signature
  if (!s || Object.keys(s).sort().join() !== 'algorithm,key,value' || s.algorithm !== 'Ed25519' || !e.seal || e.seal.format !== SEAL) throw new Error('no ' + SEAL)
  const key = base64(s.key, 32)
  const report = { document: e.document, fingerprint: fingerprint(key), signed: false, differences: [], relaid: canonical(e) !== text.trim() }
  report.signed = noble.verify(base64(s.value, 64), utf8.encode(SEAL + '\n' + canonical(e.seal)), key)
  const parts = new Map()
  cut(parts, '', 0, e.document)
  const sealed = new Map(Object.entries(e.seal.parts || {}))
  for (const [name, value] of parts) {
    if (!sealed.has(name)) report.differences.push({ part: name, what: 'added', now: value })
    else if (sealed.get(name) !== hash(value)) report.differences.push({ part: name, what: 'changed', now: value })
  }
  for (const name of sealed.keys()) if (!parts.has(name)) report.differences.push({ part: name, what: 'removed', now: '' })
  if (e.seal.number !== (e.document || {}).number && report.differences.length === 0) report.differences.push({ part: '/number', what: 'changed', now: JSON.stringify((e.document || {}).number) })
  report.intact = report.signed && report.differences.length === 0
  return report
}

// attached takes the envelope out of a PDF that the program made.
async function attached(bytes) {
  const text = new TextDecoder('latin1').decode(bytes)
  const m = /\/Type \/EmbeddedFile \/Length (\d{1,9}) \/Filter \/FlateDecode [^\r\n]{0,200}[\r\n]{1,4}stream\r?\n/.exec(text)
  if (!m) throw new Error('no attachment that can be read here: save it with a PDF reader and open the JSON')
  if (typeof DecompressionStream === 'undefined') throw new Error('this browser cannot unpack a PDF: open the JSON beside it')
  const packed = bytes.slice(m.index + m[0].length, m.index + m[0].length + Number(m[1]))
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'))).text()
}
