"""Makes ONNX graphs as exporters other than PyTorch's write them, for the tests."""
import numpy
import onnx
from onnx import helper, numpy_helper, TensorProto


class Graph:
    """Collects nodes in order. `node` returns the name of what a node makes."""

    def __init__(self, opset=13, shape=("n", 3, "h", "w"), kind=TensorProto.FLOAT):
        self.opset, self.nodes, self.initializers, self.extra = opset, [], [], []
        self.input = helper.make_tensor_value_info("x", kind, shape)
        self.count = 0

    def node(self, op, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"{op}_{self.count}_{k}" for k in range(outputs)]
        domain = attributes.pop("domain", None)
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"{op}_{self.count}",
                                           domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def weight(self, values, form="initializer"):
        """Adds a constant as an initializer, a Constant node, or an Identity of an initializer."""
        self.count += 1
        name = f"w{self.count}"
        values = numpy.asarray(values)
        if values.dtype == numpy.float64:
            values = values.astype(numpy.float32)
        if form == "constant":
            return self.node("Constant", value=numpy_helper.from_array(values))
        self.initializers.append(numpy_helper.from_array(values, name))
        if form == "listed":            # also among the inputs, as before IR 4
            kind = helper.np_dtype_to_tensor_dtype(values.dtype) if hasattr(
                helper, "np_dtype_to_tensor_dtype") else TensorProto.FLOAT
            self.extra.append(helper.make_tensor_value_info(name, kind, values.shape))
        return self.node("Identity", name) if form == "identity" else name

    def ints(self, *values):
        return self.weight(numpy.array(values, numpy.int64))

    def floats(self, *values):
        return self.weight(numpy.array(values, numpy.float32))

    def conv(self, x, weight, bias=None, **attributes):
        inputs = [x, self.weight(weight)] + ([] if bias is None else [self.weight(bias)])
        return self.node("Conv", *inputs, **attributes)

    def model(self, *outputs, shape=("n", "c", "H", "W"), kind=TensorProto.FLOAT):
        outputs = [helper.make_tensor_value_info(o, kind, shape) for o in outputs]
        graph = helper.make_graph(self.nodes, "graph", [self.input] + self.extra, outputs,
                                  self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])

    def save(self, path, *outputs, **more):
        with open(path, "wb") as f:
            f.write(self.model(*outputs, **more).SerializeToString())
        return path


def save(model, path):
    with open(path, "wb") as f:
        f.write(model.SerializeToString())
    return path


__all__ = ["Graph", "TensorProto", "helper", "numpy_helper", "onnx", "save"]
