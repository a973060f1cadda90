/** The system as it runs: what stands where, and tasks that flow. */
import { ReactFlow, useReactFlow, ReactFlowProvider, type Edge, type Node } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useEffect, useMemo, useState } from "react";
import { useWords } from "../words/words.tsx";
import { BoxNode } from "./boxes.tsx";
import { Facts } from "./facts.tsx";
import { FlowEdge } from "./flow-edge.tsx";
import { placesOf } from "./places.ts";
import { systemOf, type Told } from "./system.ts";
import { useNarrow } from "../use-narrow.ts";
import "../style/drawing.css";

const nodeTypes = { box: BoxNode };
const edgeTypes = { flow: FlowEdge };

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
  const [chosen, setChosen] = useState<string | null>(null);
  const system = useMemo(() => systemOf(told), [told]);
  const places = useMemo(() => placesOf(system, isNarrow), [system, isNarrow]);
  const nodes = places.map(({ box, x, y, width }): Node => ({
    id: box.id,
    type: "box",
    position: { x, y },
    data: { box, isNarrow },
    width,
    selected: box.id === chosen,
    ariaLabel: box.id,
  }));
  const edges = system.flows.map(({ from, to, perSecond }): Edge => ({
    id: `${from} → ${to}`,
    source: from,
    target: to,
    type: "flow",
    data: { perSecond },
    focusable: false,
  }));
  const box = places.find((place) => place.box.id === chosen)?.box ?? null;
  return (
    <section className="drawing" aria-label={words.flow}>
      <div className="canvas">
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodeClick={(_event, node) => setChosen(node.id)}
          onSelectionChange={({ nodes: [first] }) => first && setChosen(first.id)}
          onPaneClick={() => setChosen(null)}
          nodesDraggable={false}
          nodesConnectable={false}
          zoomOnScroll={false}
          preventScrolling={false}
          panOnDrag={!isNarrow}
          minZoom={0.3}
          maxZoom={1.3}
          fitView
          proOptions={{ hideAttribution: true }}
        />
        <Fitting of={places.map(({ box: one }) => one.id).join() + isNarrow} />
      </div>
      {box !== null && <Facts box={box} onClose={() => setChosen(null)} />}
    </section>
  );
}

/** Whenever other boxes are there, or the place for them is another, all of them are shown. */
function Fitting({ of }: { of: string }) {
  const { fitView } = useReactFlow();
  useEffect(() => {
    const fit = (): void => void fitView({ padding: 0.04 });
    const soon = requestAnimationFrame(fit);
    addEventListener("resize", fit);
    return () => {
      cancelAnimationFrame(soon);
      removeEventListener("resize", fit);
    };
  }, [of, fitView]);
  return null;
}
