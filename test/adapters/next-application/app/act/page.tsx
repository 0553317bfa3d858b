import { anybody, careful, leave, ownCookie, plain, strong } from './actions'

const actions = { plain, anybody, strong, careful, ownCookie, leave }

export default function Page() {
  return Object.entries(actions).map(([name, action]) => (
    <form key={name} id={name} action={action as unknown as (form: FormData) => void}>
      <button type="submit">{name}</button>
    </form>
  ))
}
