/** The system as it runs: what stands where, and tasks that flow. */
import { ReactFlow, useReactFlow, ReactFlowProvider, type Edge, type Node } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNarrow } from "../use-narrow.ts";
import { useWidth } from "../use-width.ts";
import { useWords } from "../words/words.tsx";
import { BoxNode, type BoxData } from "./boxes.tsx";
import { Facts } from "./facts.tsx";
import { FlowEdge, type FlowData } from "./flow-edge.tsx";
import { goneOf, seenNow, type Seen } from "./gone.ts";
import { placesOf, sizeOf, type Place } from "./places.ts";
import { systemOf, type Told } from "./system.ts";
import "../style/drawing.css";

const nodeTypes = { box: BoxNode };
const edgeTypes = { flow: FlowEdge };
const MAX_ZOOM = 1.15;
const MAX_HEIGHT = 720;
const MARGIN = 28;
/** With more ways than this, the rates beside them would hide what they tell of. */
const MOST_NAMED = 10;

export function Drawing({ told }: { told: Told }) {
  return (
    <ReactFlowProvider>
      <Canvas told={told} />
    </ReactFlowProvider>
  );
}

function Canvas({ told }: { told: Told }) {
  const words = useWords();
  const isNarrow = useNarrow();
  const [canvas, width] = useWidth<HTMLDivElement>();
  const [chosen, setChosen] = useState<string | null>(null);
  const seen = useRef<Seen>(new Map());
  const system = useMemo(() => {
    seen.current = seenNow(seen.current, told.nodes, Date.now());
    return systemOf(told, goneOf(seen.current, told.nodes));
  }, [told]);
  const places = useMemo(() => placesOf(system, isNarrow), [system, isNarrow]);
  const view = viewOf(places, width, isNarrow ? Infinity : MAX_HEIGHT);
  const nodes = places.map(({ box, x, y, width: w, height: h }): Node<BoxData> => ({
    id: box.id,
    type: "box",
    position: { x, y },
    data: { box, isNarrow },
    width: w,
    height: h,
    selected: box.id === chosen,
    ariaRole: "button",
  }));
  const edges = system.flows.map(({ from, to, perSecond, failed }): Edge<FlowData> => ({
    id: `${from} → ${to}`,
    source: from,
    target: to,
    type: "flow",
    data: { perSecond, failed, isNamed: system.flows.length <= MOST_NAMED },
    focusable: false,
  }));
  const box = places.find((place) => place.box.id === chosen)?.box ?? null;
  return (
    <section className="drawing" aria-label={words.flow}>
      <div
        className="canvas"
        ref={canvas}
        style={{ height: view.height }}
        onKeyDown={(event) => {
          const id = (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset["id"];
          if (id === undefined || (event.key !== "Enter" && event.key !== " ")) return;
          event.preventDefault();
          setChosen(id);
        }}
      >
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodeClick={(_event, node) => setChosen(node.id)}
          onPaneClick={() => setChosen(null)}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable={false}
          zoomOnScroll={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          panOnDrag={!isNarrow}
          minZoom={0.2}
          maxZoom={MAX_ZOOM}
          proOptions={{ hideAttribution: true }}
        />
        <Looking view={view} />
      </div>
      <p className="canvas-note">
        {words.drawingNote}{" "}
        <a href="https://reactflow.dev" target="_blank" rel="noreferrer">
          React Flow
        </a>
      </p>
      {box !== null && <Facts box={box} told={told} onClose={() => setChosen(null)} />}
    </section>
  );
}

type View = { x: number; y: number; zoom: number; height: number };

/** All of it, as large as the width allows, and the room it then takes. */
function viewOf(places: readonly Place[], width: number, mostHeight: number): View {
  const size = sizeOf(places);
  const room = Math.max(1, width - 2 * MARGIN);
  const zoom = Math.min(MAX_ZOOM, room / size.width, (mostHeight - 2 * MARGIN) / size.height);
  const height = Math.round(size.height * zoom + 2 * MARGIN);
  return { x: (width - size.width * zoom) / 2 - size.left * zoom, y: MARGIN, zoom, height };
}

/** Whenever other boxes are there, or the place for them is another, all of them are shown. */
function Looking({ view: { x, y, zoom } }: { view: View }) {
  const { setViewport } = useReactFlow();
  useEffect(() => void setViewport({ x, y, zoom }), [x, y, zoom, setViewport]);
  return null;
}
