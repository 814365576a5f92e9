import fc from 'fast-check'

/** One kind of input that is thrown at the package. */
export interface Target {
  readonly name: string
  /** How much of the requests it gets, beside the others. */
  readonly share: number
  readonly property: fc.IAsyncProperty<unknown>
  /** What has to have happened at least once in a thousand requests, or the inputs miss what they are for. */
  readonly mustHappen: readonly string[]
  readonly happened: Map<string, number>
}

/** What a target is made of. */
interface Parts<Input> {
  readonly name: string
  readonly share: number
  readonly input: fc.Arbitrary<Input>
  readonly mustHappen: readonly string[]
  /** Tries one input and says what happened; throws when something did that must not. */
  readonly attempt: (input: Input) => Promise<string> | string
}

/** Makes a target that counts what happens. */
export function defineTarget<Input>(parts: Parts<Input>): Target {
  const happened = new Map<string, number>()
  const property = fc.asyncProperty(parts.input, async (input) => {
    const outcome = await parts.attempt(input)
    happened.set(outcome, (happened.get(outcome) ?? 0) + 1)
  })
  const { name, share, mustHappen } = parts
  return { name, share, mustHappen, happened, property: property }
}
