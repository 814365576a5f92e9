/**
 * Why a token is accepted or refused: the engine behind `npx express-jwt-bearer explain`.
 *
 * @packageDocumentation
 */

export { explainToken, type ExplainRequest, type Explanation } from './explain/explain-token.js'
export type { ExplainedCheck } from './explain/explained-check.js'
export type { ExplainedAnswer } from './explain/answer.js'
