/** Reports that a replay cache holds as many live entries as it may, and forgets none of them. */
export class ReplayCacheFullError extends Error {}
