/** Words and jargon of a parameter: `label` is what the user reads, `hint` explains it with the field's terms. */
export interface ParameterText {
  readonly label: string;
  readonly hint: string;
}

export const text = (label: string, hint: string): ParameterText => ({ label, hint });
