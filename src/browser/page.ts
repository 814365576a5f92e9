/** The parts of a browser's window that the client uses; the package is compiled without the browser's types. */
export interface Page {
  readonly document: {
    getElementById(id: string): PageElement | null
  }
  readonly location: { readonly origin: string }
  readonly localStorage: PageStorage
  readonly sessionStorage: PageStorage
  addEventListener(type: 'pageshow', listener: PageShowListener): void
  removeEventListener(type: 'pageshow', listener: PageShowListener): void
}

/** The parts of an element that the client reads; `type` is there on scripts. */
interface PageElement {
  readonly tagName: string
  readonly type?: string
  readonly textContent: string
}

/** Is told when the page is shown; `persisted` when it comes back from the back/forward cache. */
export type PageShowListener = (event: { readonly persisted: boolean }) => void

/** The part of the Web Storage API that the client uses. */
export interface PageStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** The window the code runs in. */
export const page: Page = globalThis as unknown as Page
