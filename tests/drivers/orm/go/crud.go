// Many connections through database/sql, each kept by one goroutine.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"strconv"
	"sync"
)

const rounds = 20

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func same(actual, expected int) {
	if actual != expected {
		log.Fatalf("got %d, expected %d", actual, expected)
	}
}

func work(ctx context.Context, c *sql.Conn, number int) {
	prepare := func(text string) *sql.Stmt {
		statement, err := c.PrepareContext(ctx, text)
		check(err)
		return statement
	}
	insert := prepare("insert into items (name, amount) values ($1, $2) returning id")
	read := prepare("select amount from items where id = $1")
	remove := prepare("delete from items where id = $1")
	for turn := 0; turn < rounds; turn++ {
		var id, amount int
		check(insert.QueryRowContext(ctx, fmt.Sprint("item ", number), turn).Scan(&id))
		check(read.QueryRowContext(ctx, id).Scan(&amount))
		same(amount, turn)
		tx, err := c.BeginTx(ctx, nil)
		check(err)
		_, err = tx.ExecContext(ctx, "update items set amount = amount + 1 where id = $1", id)
		check(err)
		check(tx.Commit())
		check(read.QueryRowContext(ctx, id).Scan(&amount))
		same(amount, turn+1)
		tx, err = c.BeginTx(ctx, nil)
		check(err)
		_, err = tx.ExecContext(ctx, "insert into items (id, name) values ($1, $2)", id, "again")
		if err == nil {
			log.Fatal("a second row with the same key")
		}
		check(tx.Rollback())
		result, err := remove.ExecContext(ctx, id)
		check(err)
		count, err := result.RowsAffected()
		check(err)
		same(int(count), 1)
	}
}

func main() {
	connections, err := strconv.Atoi(os.Getenv("APP_CONNECTIONS"))
	check(err)
	db, err := sql.Open(driver, os.Getenv("DATABASE_URL"))
	check(err)
	ctx := context.Background()
	crowd := make([]*sql.Conn, connections)
	for i := range crowd {
		crowd[i], err = db.Conn(ctx)
		check(err)
		check(crowd[i].PingContext(ctx))
	}
	var all sync.WaitGroup
	for i, c := range crowd {
		all.Add(1)
		go func(i int, c *sql.Conn) {
			defer all.Done()
			work(ctx, c, i)
		}(i, c)
	}
	all.Wait()
	check(db.Close())
	fmt.Println(connections*rounds, "rounds ok")
}
