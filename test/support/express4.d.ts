// The alias under which Express 4 is installed beside Express 5; both are typed as the latter.
declare module 'express4' {
  export { default } from 'express'
}
