'use strict'
// The page around verify.js. Everything of a file is set as text, never as HTML.

const $ = id => document.getElementById(id)

function row(list, label, value, bad) {
  const dt = document.createElement('dt')
  const dd = document.createElement('dd')
  dt.textContent = label
  dd.textContent = value
  if (bad) dd.className = 'bad'
  list.append(dt, dd)
}

function show(r, isPDF) {
  const out = $('out')
  out.replaceChildren()
  const head = document.createElement('h2')
  const wanted = $('key').value.toUpperCase().replace(/[^0-9A-F]/g, '')
  const stranger = wanted !== '' && wanted !== r.fingerprint.replace(/ /g, '')
  const ok = r.intact && !stranger
  head.textContent = ok ? '核验通过 Verified' : '核验不通过 Not verified'
  head.className = ok ? 'good' : 'bad'
  const list = document.createElement('dl')
  out.append(head, list)
  const d = r.document || {}
  const total = (d.exposure || {}).total || {}
  const verdicts = Array.isArray(d.verdicts) ? d.verdicts : []
  row(list, '编号 No.', d.number + ' · 第 ' + d.version + ' 版 version ' + d.version)
  if (d.demo) row(list, '演示 DEMO', '人员与企业均为虚构 people and firms are made up')
  row(list, '批次 Batch', (d.batch || {}).code + ' · ' + (d.batch || {}).product + ' · ' + (d.batch || {}).quantity)
  row(list, '判定 Verdict', verdicts.length ? verdicts[verdicts.length - 1].decision : 'undecided')
  row(list, '温度 Range', total.min_c + ' – ' + total.max_c + ' ℃')
  row(list, '覆盖率 Coverage', (total.coverage * 100).toFixed(1) + ' %')
  row(list, '监测到 Until', (d.exposure || {}).monitored_until)
  row(list, '公钥指纹 Key', r.fingerprint, stranger)
  row(list, '信任 Trust', wanted === '' ? '文件自带的公钥：请与旗县公布的指纹核对 the key in the file: compare it with the county\'s' : stranger ? '不是您给的公钥：由他人签署 not the key you gave' : '与您给的指纹一致 the key you gave', stranger)
  row(list, '签名 Signature', r.signed ? '与封条相符 fits the seal' : '不符：封条、公钥或签名被改动 does not fit: seal, key or signature was altered', !r.signed)
  const words = { changed: '被改动 changed', added: '被加上 added', removed: '被删去 removed' }
  for (const x of r.differences) row(list, words[x.what], x.part + ' ' + x.now.slice(0, 80), true)
  if (r.differences.length === 0) row(list, '内容 Document', '每一部分都与封条相符 every part is as sealed')
  if (r.relaid) row(list, '排版 Layout', '文件被重新排版，核验的是数值 laid out anew; the values were checked')
  if (isPDF) row(list, '页面 Pages', '这里核验的是 PDF 所附数据；页面上的字请与以上对照。 The attached data was checked, not what is printed on the pages: compare.')
}

function refuse(error) {
  const p = document.createElement('p')
  p.className = 'bad'
  p.textContent = '无法核验 Cannot be verified: ' + error.message
  $('out').replaceChildren(p)
}

async function take(file) {
  try {
    if (file.size > 64e6) throw new Error('too large')
    const bytes = new Uint8Array(await file.arrayBuffer())
    const isPDF = new TextDecoder('latin1').decode(bytes.slice(0, 5)) === '%PDF-'
    show(check(isPDF ? await attached(bytes) : new TextDecoder('utf-8', { fatal: true }).decode(bytes)), isPDF)
  } catch (error) {
    refuse(error)
  }
}

$('file').addEventListener('change', e => { if (e.target.files[0]) take(e.target.files[0]) })
$('key').addEventListener('change', () => { if ($('file').files[0]) take($('file').files[0]) })
document.addEventListener('dragover', e => e.preventDefault())
document.addEventListener('drop', e => { e.preventDefault(); if (e.dataTransfer.files[0]) take(e.dataTransfer.files[0]) })
