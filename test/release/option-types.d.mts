/** The type of a table of options as its declaration has it, by its name; `undefined` where it is not to be had. */
export type TableText = (name: string) => Promise<string | undefined> | string | undefined

/** A declaration with every type that follows from a table written out; what has no table text is left as it is. */
export function writtenOut(text: string, tableText: TableText): Promise<string>
