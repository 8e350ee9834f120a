/** What an error says about itself, to be put into a sentence. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
