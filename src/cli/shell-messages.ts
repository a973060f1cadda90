/** All that the shell says, in each of its languages. */
const en = {
  welcome: "Tanda at {server}. Type exit to leave.",
  welcomeLines: "Write: ACTION PAYLOAD, as in: upper hola. Type exit to leave.",
  clients: "{count} clients, each with its own connection. “2: upper hola” sends from the second alone.",
  what: "What shall be done?",
  search: "Search:",
  matches: "{count} of {total}",
  noMatch: "Nothing matches.",
  chooseOne: "Choose something from the list.",
  keys: "↑/↓ choose • Enter confirms • typing searches • Ctrl+C leaves",
  keysOfList: "↑/↓, Enter",
  yes: "Yes",
  no: "No",
  typeLines: "Type lines myself",
  typeLinesHint: "ACTION PAYLOAD",
  leave: "Leave",
  payload: "Payload",
  payloadHint: "JSON, or text",
  optional: "may be left empty",
  needed: "This is needed.",
  notNumber: "That is not a number.",
  notWhole: "That is not a whole number.",
  atLeast: "At least {limit}.",
  atMost: "At most {limit}.",
  notJson: "That is not JSON.",
  listHint: "with commas between, or a JSON list",
  sameForAll: "The same for all {count} clients?",
  forClient: "Client {number}",
  client: "client {number}",
  /** Dots are drawn behind it, in motion. */
  running: "Working",
  done: "Done",
  failed: "Failed",
  interrupted: "Stopped waiting; what runs goes on",
  noClient: "There is no client {number}: they are 1 to {count}.",
  unknownAction: "Nobody knows the action {action}.",
  actionsHint: "actions lists what there is.",
  noJson: "That is neither ACTION PAYLOAD nor a JSON request with an action.",
  opByVerb:
    "The shell runs actions. The op {op} is a verb of its own: tanda {verb}. A line like this one goes to nc.",
  opByLine: "The shell runs actions. A line with the op {op} goes to nc.",
  didYouMean: "Did you mean {action}?",
  help: "ACTION PAYLOAD runs a task · actions lists them · exit, quit or salir leaves",
  goodbye: "Goodbye.",
} as const;

export type MessageName = keyof typeof en;
type Messages = Readonly<Record<MessageName, string>>;

const es: Messages = {
  welcome: "Tanda en {server}. Escribe salir para terminar.",
  welcomeLines: "Escribe: ACCIÓN CONTENIDO, por ejemplo: upper hola. Con salir terminas.",
  clients: "{count} clientes, cada uno con su conexión. «2: upper hola» lo envía solo el segundo.",
  what: "¿Qué quieres hacer?",
  search: "Buscar:",
  matches: "{count} de {total}",
  noMatch: "Nada coincide.",
  chooseOne: "Elige algo de la lista.",
  keys: "↑/↓ eligen • Intro acepta • escribir busca • Ctrl+C sale",
  keysOfList: "↑/↓, Intro",
  yes: "Sí",
  no: "No",
  typeLines: "Escribir líneas a mano",
  typeLinesHint: "ACCIÓN CONTENIDO",
  leave: "Salir",
  payload: "Contenido",
  payloadHint: "JSON o texto",
  optional: "puede quedar vacío",
  needed: "Hace falta.",
  notNumber: "No es un número.",
  notWhole: "No es un número entero.",
  atLeast: "Como mínimo {limit}.",
  atMost: "Como máximo {limit}.",
  notJson: "No es JSON.",
  listHint: "separados por comas, o una lista JSON",
  sameForAll: "¿Lo mismo para los {count} clientes?",
  forClient: "Cliente {number}",
  client: "cliente {number}",
  running: "Trabajando",
  done: "Hecho",
  failed: "Falló",
  interrupted: "Ya no se espera; lo que está en marcha sigue",
  noClient: "No hay cliente {number}: van del 1 al {count}.",
  unknownAction: "Nadie conoce la acción {action}.",
  actionsHint: "Con actions se ven las que hay.",
  noJson: "No es ni ACCIÓN CONTENIDO ni una petición JSON con una acción (action).",
  opByVerb:
    "La shell hace acciones. La operación {op} es una orden propia: tanda {verb}. Una línea así se envía con nc.",
  opByLine: "La shell hace acciones. Una línea con la operación {op} se envía con nc.",
  didYouMean: "¿Querías decir {action}?",
  help: "ACCIÓN CONTENIDO hace una tarea · actions las enumera · ayuda · salir, exit o quit termina",
  goodbye: "Hasta luego.",
};

export const LANGUAGES: ReadonlyMap<string, Messages> = new Map([
  ["en", en],
  ["es", es],
]);

export type Say = (name: MessageName, values?: Readonly<Record<string, string | number>>) => string;

/** @param language one of {@link LANGUAGES}. */
export function speak(language: string): Say {
  const messages = LANGUAGES.get(language) ?? en;
  return (name, values = {}) =>
    messages[name].replaceAll(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}

/** By the terminal's locale, in the order POSIX has it; English when it is none of ours. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): string {
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  const language = locale.slice(0, 2).toLowerCase();
  return LANGUAGES.has(language) ? language : "en";
}
