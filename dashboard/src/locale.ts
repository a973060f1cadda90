/** How numbers and instants are written: as where the browser is at home, in the language of the page. */

/** The browser's own kind of this language, where it has one: "en" is "en-GB" for whoever said so. */
export function localeFor(language: string): string {
  return navigator.languages.find((one) => one.startsWith(language)) ?? language;
}

/** The page's language is that of its document, so that whatever reads it aloud knows it too. */
export function locale(): string {
  return document.documentElement.lang;
}

const numbers = new Map<string, Intl.NumberFormat>();
const instants = new Map<string, Intl.DateTimeFormat>();

/** Making a format costs more than using it a hundred times. */
export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return kept(numbers, options, () => new Intl.NumberFormat(locale(), options));
}

export function instantFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(instants, options, () => new Intl.DateTimeFormat(locale(), options));
}

function kept<T>(all: Map<string, T>, options: object, make: () => T): T {
  const name = locale() + JSON.stringify(options);
  let found = all.get(name);
  if (found === undefined) all.set(name, (found = make()));
  return found;
}
