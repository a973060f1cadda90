import type { Explanation } from "../../../src/protocol/explanation.ts";
import type { TaskView } from "../../../src/protocol/messages.ts";
import type { Tell } from "./en.ts";

const BECAME: Readonly<Partial<Record<TaskView["state"], string>>> = {
  done: "Terminó bien",
  failed: "Falló",
  cancelled: "Se canceló",
  expired: "Venció sin empezar",
};

/** Lo que `explain` dice, en español: por qué una tarea aún no corre, o qué fue de ella. */
export function why(told: Explanation, view: TaskView, tell: Tell): string {
  const { duration } = tell;
  const { reason, dueAt } = told;
  const now = Date.now();
  switch (reason) {
    case "final": {
      const ago =
        view.finishedAt === undefined ? "" : ` hace ${duration(Math.max(0, now - view.finishedAt))}`;
      const error =
        view.error === undefined || view.state === "done"
          ? ""
          : `: ${view.error.code}, ${view.error.message}`;
      return `${BECAME[view.state] ?? ""}${ago}${error || "."}`;
    }
    case "running":
      return `Corre desde hace ${duration(Math.max(0, now - (view.startedAt ?? now)))}, intento ${view.attempt}.`;
    case "not_due": {
      const when = dueAt === undefined ? "" : ` a las ${tell.instant(dueAt)}`;
      if (view.state !== "retrying") return `Le toca${when}.`;
      return `El intento ${view.attempt} falló (${view.error?.message ?? "?"}); el siguiente le toca${when}.`;
    }
    case "paused":
      return `Su cola, ${view.queue}, está en pausa; se reanuda en la página de colas.`;
    case "not_served":
      return `Nadie atiende ahora la acción ${view.action}; espera a un trabajador que lo haga.`;
    case "suspect":
      return "Un proceso murió mientras la tenía entre otras: correrá sola cuando le llegue el turno.";
    case "drained":
      return `Los trabajadores que atienden ${view.action} no toman nada nuevo: tienen la entrada cerrada. Espera a que se reanude uno.`;
    case "at_concurrency":
      return `Ya corren tantas tareas de ${view.action} como se permite a la vez. ${before(told, duration)}`;
    case "waiting":
      return before(told, duration);
    default:
      return told.text;
  }
}

function before({ position = 0, isFloor, expectedStartAt }: Explanation, duration: Tell["duration"]): string {
  const many = `${isFloor ? "Al menos " : ""}${position === 1 ? "una tarea empieza" : `${position} tareas empiezan`} antes.`;
  if (expectedStartAt === undefined) return many;
  return `${many} A este ritmo empieza en unos ${duration(Math.max(0, expectedStartAt - Date.now()))}.`;
}
