// Batches that become others: what a form says, as the server takes it. Pure.

export type Relation = 'merge' | 'transform' | 'aggregate'
export interface Input { id: string; product: string; has: string; quantity: string }
export interface Output { id: string; product: string; profile: string; quantity: string; zone: string }
export interface Draft { relation: Relation; inputs: Input[]; outputs: Output[]; at: string }
export type DeriveFault = 'inputs' | 'id' | 'twice' | 'sides'

export const batchID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/

/** What is wrong before it is sent; the server checks the rest. */
export function faultOf(d: Draft): DeriveFault | null {
  if (d.relation === 'merge' && d.inputs.length < 2) return 'inputs'
  if (d.outputs.some((o) => !batchID.test(o.id.trim()))) return 'id'
  const ids = [...d.inputs.map((i) => i.id), ...d.outputs.map((o) => o.id.trim())]
  if (new Set(ids).size !== ids.length) return 'twice'
  if (d.inputs.length > 1 && d.outputs.length > 1) return 'sides'
  return null
}

/** The request; an input without a quantity goes in whole. */
export function requestOf(d: Draft): object {
  return {
    relation: d.relation,
    at: d.at,
    inputs: d.inputs.map((i) => (i.quantity.trim() && d.relation !== 'aggregate' ? { id: i.id, quantity: i.quantity.trim() } : { id: i.id })),
    outputs: d.outputs.map((o) => ({ id: o.id.trim(), product: o.product.trim(), profile: o.profile.trim(), quantity: o.quantity.trim(), zone: o.zone })),
  }
}

/** Two quantities of one unit added up, as "280 kg"; empty where that cannot be reckoned. */
export function sumOf(quantities: string[]): string {
  let unit = ''
  let total = 0
  for (const q of quantities) {
    const m = /^\s*(\d+(?:\.\d+)?)\s*(\S+)\s*$/.exec(q)
    if (!m || (unit && m[2] !== unit)) return ''
    unit = m[2] as string
    total += Number(m[1])
  }
  return unit ? Math.round(total * 1000) / 1000 + ' ' + unit : ''
}
