// Drives a block that takes one operation at a time, each with the edge at which the one before is done, and compares what comes
// out. Records come from standard input, three 32-bit words each: two inputs and the output that is due LATENCY rising edges later.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>

struct Record {
    uint32_t a, b, expected;
};

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    Record record = {}, due = {};
    uint64_t given = 0, compared = 0, wrong = 0;
    for (bool more = true; more;) {
        more = fread(&record, sizeof record, 1, stdin) == 1;
        for (int edge = 1; edge < LATENCY; ++edge) {
            dut->start = edge == 1 && more;
            // Operands are taken with the start and not looked at later.
            dut->a = edge == 1 ? record.a : ~record.a;
#ifdef INPUT_B
            dut->INPUT_B = edge == 1 ? record.b : ~record.b;
#endif
            dut->clock = 0;
            dut->eval();
            dut->clock = 1;
            dut->eval();
            if (edge != 1 || compared == given) continue;
            if (dut->OUTPUT != due.expected && ++wrong <= 10) {
                printf("%08x, %08x: got %08x, expected %08x\n", due.a, due.b, (unsigned)dut->OUTPUT, due.expected);
            }
            ++compared;
        }
        due = record;
        given += more;
    }
    dut->final();
    printf("%llu of %llu wrong\n", (unsigned long long)wrong, (unsigned long long)compared);
    return wrong != 0;
}
