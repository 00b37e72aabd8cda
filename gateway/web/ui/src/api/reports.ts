// What gateway/web answers about reports and inspectors' links.

export const reportKinds = ['daily', 'weekly', 'monthly', 'half-year'] as const
export type ReportKind = (typeof reportKinds)[number]
export type ReportStep = 'reviewed' | 'sent'

export interface Filed {
  by: string
  at: string
  note: string
}

/** How the newest monthly report that is drafted stands. */
export interface Filing {
  now: string
  from: string
  to: string
  ready: string
  due: string
  state: 'draft' | ReportStep
  late: boolean
  reviewed: Filed | null
  sent: Filed | null
  /** Reports can be had as PDF. */
  pdf: boolean
}

export interface InspectionLink {
  id: string
  zones: string[]
  from: string
  to: string
  until: string
  by: string
  made: string
  opened: string | null
}

export interface InspectionLinks {
  now: string
  links: InspectionLink[]
}

export interface InspectionMade {
  link: InspectionLink
  path: string
  url: string
}
