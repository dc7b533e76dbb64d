// Drives `vector_norm`. Standard input holds norms of 32-bit words: whether it is backwards, whether it evaluates, whether the sums are the lanes'
// own, values of a channel, channels, those with what fills up 16, channels before them, lanes; then of each of these channels six values that are
// read, and two exact sums of 5 words each, the special bits last. Standard output gets the cycles that it is busy, then of each beat that is written
// stream, address and 16 words, then a word of ones; then of each group what the lanes are given.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

static bool word(uint32_t& value) { return fread(&value, sizeof value, 1, stdin) == 1; }
static void put(uint32_t value) { fwrite(&value, sizeof value, 1, stdout); }

struct Channel {
    uint32_t values[6], sums[2][5];
};

// Writes `bits` bits of `from` into a port from bit `at` on.
template <typename Port> static void set(Port& port, uint32_t at, uint32_t bits, const uint32_t* from) {
    for (uint32_t i = 0; i < bits; ++i) {
        const uint32_t to = at + i, value = from[i / 32] >> i % 32 & 1;
        port[to / 32] = (port[to / 32] & ~(1u << to % 32)) | value << to % 32;
    }
}

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    uint32_t backward, evaluates, own, n, channels, padded, before, lanes;
    while (word(backward) && word(evaluates) && word(own) && word(n) && word(channels) && word(padded) && word(before)
           && word(lanes)) {
        std::vector<Channel> all(padded);
        for (Channel& channel : all) {
            for (uint32_t& value : channel.values) word(value);
            for (auto& sum : channel.sums) {
                for (uint32_t& value : sum) word(value);
            }
        }
        dut->backward = backward;
        dut->evaluates = evaluates;
        dut->own = own;
        dut->n = n;
        dut->channels = padded;
        dut->present = channels;
        // Channels that are computed at a time.
        const uint32_t turn = lanes < 16 ? lanes : 16;
        dut->first_turn = before / turn;
        dut->write_at_0 = 0x1000;
        dut->write_at_1 = 0x2000;
        uint32_t asked[5][2] = {};
        uint32_t busy = 0, after = 0;
        for (uint32_t cycle = 0; after < padded / turn * 8 + 20; ++cycle) {
            dut->start = cycle == 0;
            const Channel& channel = all[asked[4][0]];
            dut->given = channel.values[asked[4][1]];
            // Sums come one after another, or those of all lanes at once.
            dut->sums_values = own ? 0x5555 : (uint64_t)channel.sums[0][1] << 32 | channel.sums[0][0];
            dut->sums_values_special = own ? 3 : channel.sums[0][4];
            for (int i = 0; i < 4; ++i) dut->sums_products[i] = own ? 0x33 : channel.sums[1][i];
            dut->sums_products_special = own ? 3 : channel.sums[1][4];
            dut->clock = 0;
            dut->eval();
            for (uint32_t lane = 0; lane < turn; ++lane) {
                const Channel& other = all[(dut->group * turn + lane) % padded];
                set(dut->own_values, lane * 66, 64, other.sums[0]);
                set(dut->own_values, lane * 66 + 64, 2, other.sums[0] + 4);
                set(dut->own_products, lane * 106, 104, other.sums[1]);
                set(dut->own_products, lane * 106 + 104, 2, other.sums[1] + 4);
            }
            dut->eval();
            busy += dut->busy;
            after = cycle > 1 && !dut->busy ? after + 1 : 0;
            for (int i = 4; i > 0; --i) {
                asked[i][0] = asked[i - 1][0];
                asked[i][1] = asked[i - 1][1];
            }
            asked[0][0] = dut->channel % padded;
            asked[0][1] = dut->kind % 6;
            if (dut->write) {
                if (after == 0) return 1;
                put(dut->write_second);
                put(dut->write_address);
                for (int i = 0; i < 16; ++i) put(dut->write_data[i]);
            }
            dut->clock = 1;
            dut->eval();
        }
        put(0xFFFFFFFF);
        put(busy);
        for (uint32_t group = 0; group * lanes < padded; ++group) {
            dut->slot = before / lanes + group;
            dut->clock = 0;
            dut->eval();
            dut->clock = 1;
            dut->eval();
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->mean[lane]);
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->factor[lane]);
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->shift[lane]);
            for (uint32_t lane = 0; lane < lanes; ++lane) put(dut->rate[lane]);
        }
    }
    dut->final();
    return 0;
}
