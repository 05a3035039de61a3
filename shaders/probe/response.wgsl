// Functions of the response over many inputs, for the parity tests (tests/parity): each thread takes the words of its row.

@group(1) @binding(0) var<storage, read> response_input: array<f32>;
@group(1) @binding(1) var<storage, read_write> response_output: array<u32>;

// e^-x and what it lacks to 1.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn response_share(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= arrayLength(&response_input) {
        return;
    }
    let share = radiation_share(response_input[id.x]);
    response_output[2u * id.x] = bitcast<u32>(share.left);
    response_output[2u * id.x + 1u] = bitcast<u32>(share.lost);
}

// A share as quanta, three of them added up, and back.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn response_quanta(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= arrayLength(&response_input) {
        return;
    }
    let quanta = reduce_quanta(response_input[id.x]);
    let sum = reduce_add(reduce_add(quanta, quanta), quanta);
    response_output[5u * id.x] = quanta.x;
    response_output[5u * id.x + 1u] = quanta.y;
    response_output[5u * id.x + 2u] = sum.x;
    response_output[5u * id.x + 3u] = sum.y;
    response_output[5u * id.x + 4u] = bitcast<u32>(reduce_value(sum));
}
