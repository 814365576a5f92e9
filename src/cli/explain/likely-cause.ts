import { claimCauses } from './claim-causes.js'
import type { Evidence } from './evidence.js'
import { formCauses } from './form-causes.js'
import { keyCauses } from './key-causes.js'
import { proofCauses } from './proof-causes.js'

/** Finds the first cause that fits: the further in front, the less of the token could be read. */
export function likelyCause(evidence: Evidence): string | undefined {
  for (const cause of [...formCauses, ...claimCauses, ...keyCauses, ...proofCauses]) {
    const text = cause(evidence)
    if (text) return text
  }
  return undefined
}
